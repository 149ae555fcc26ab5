import t from 'tap'
import type { Caller } from '../../../nfs-server/caller.ts'
import { CallerCache } from '../../../nfs-server/rpc/auth.ts'
import { decodeCallHeader, newCallHeader } from '../../../nfs-server/rpc/message.ts'
import { auth, call, sysBody, words } from './wire.ts'

const AUTH_BADCRED = 1
const AUTH_REJECTEDCRED = 2
const AUTH_BADVERF = 3

function resolve(cache: CallerCache, credential: Uint8Array, verifier?: Uint8Array): Caller | number {
  const record = call({ program: 1, version: 1, procedure: 0, credential, ...(verifier && { verifier }) })
  const header = newCallHeader()
  decodeCallHeader(record, header)
  const caller = cache.resolve(record, header)
  // The record's memory is used again for other calls: nothing may be kept of it.
  record.fill(0xee)
  return caller
}

const newCache = (entriesMax = 4) => new CallerCache('192.0.2.1', 700, entriesMax)
const sys = (body: Uint8Array) => auth(1, body)

t.test('AUTH_SYS', async (t) => {
  t.same(resolve(newCache(), sys(sysBody(1000, 100, [4, 24, 0xfffffffe]))), {
    address: '192.0.2.1',
    port: 700,
    flavor: 'sys',
    uid: 1000,
    gid: 100,
    gids: [4, 24, 0xfffffffe],
  })
})

t.test('AUTH_NONE', async (t) => {
  const cache = newCache()
  const caller = resolve(cache, auth(0))
  t.match(caller, { flavor: 'none', uid: -1, gid: -1, gids: [] })
  t.equal(resolve(cache, auth(0)), caller)
  t.equal(resolve(cache, auth(0, Buffer.of(1))), AUTH_BADCRED)
})

t.test('one credential is one object, whatever its stamp', async (t) => {
  const cache = newCache()
  const alice = resolve(cache, sys(sysBody(1, 1)))
  t.equal(resolve(cache, sys(sysBody(1, 1))), alice)
  const bob = resolve(cache, sys(sysBody(2, 1)))
  t.not(bob, alice)
  t.equal(resolve(cache, sys(sysBody(1, 1, [], 99))), alice)
  t.equal(resolve(cache, sys(sysBody(2, 1, [], 5))), bob)
  t.not(resolve(cache, sys(sysBody(1, 1, [7]))), alice, 'other groups, other caller')
})

t.test('the least recently used credential is forgotten first', async (t) => {
  const cache = newCache(2)
  const one = resolve(cache, sys(sysBody(1, 1)))
  const two = resolve(cache, sys(sysBody(2, 2)))
  t.equal(resolve(cache, sys(sysBody(1, 1))), one)
  resolve(cache, sys(sysBody(3, 3)))
  t.equal(resolve(cache, sys(sysBody(1, 1))), one)
  t.not(resolve(cache, sys(sysBody(2, 2))), two)
})

t.test('malformed AUTH_SYS bodies', async (t) => {
  const good = sysBody(1, 2, [3, 4])
  for (let length = 0; length < good.length; length++) {
    if (resolve(newCache(), sys(good.subarray(0, length))) !== AUTH_BADCRED) t.fail(`${length} bytes`)
  }
  const bad = {
    'bytes behind the groups': Buffer.concat([good, words(0)]),
    'seventeen groups': sysBody(1, 2, new Array(17).fill(5)),
    'a machine name of 256 bytes': sysBody(1, 2, [], 0, 'x'.repeat(256)),
    'a name longer than the body': Buffer.concat([words(0, 0xfffffffc), Buffer.alloc(40)]),
    'more groups than there are bytes': Buffer.concat([words(0, 0, 1, 2, 0xffffffff)]),
  }
  for (const [name, body] of Object.entries(bad)) t.equal(resolve(newCache(), sys(body)), AUTH_BADCRED, name)
  t.match(
    resolve(newCache(), sys(sysBody(1, 2, new Array(16).fill(5)))),
    { uid: 1 },
    'sixteen groups are fine',
  )
  t.match(
    resolve(newCache(), sys(sysBody(1, 2, [], 0, 'x'.repeat(255)))),
    { uid: 1 },
    'so are 255 bytes of name',
  )
})

t.test('flavors that nobody speaks here, and verifiers that do not belong', async (t) => {
  for (const flavor of [2, 3, 6, 390003, 0xffffffff]) {
    t.equal(resolve(newCache(), auth(flavor, Buffer.alloc(8))), AUTH_REJECTEDCRED, `flavor ${flavor}`)
  }
  const verifier = auth(1, sysBody(1, 1))
  t.equal(resolve(newCache(), auth(0), verifier), AUTH_BADVERF)
  t.equal(resolve(newCache(), sys(sysBody(1, 1)), verifier), AUTH_BADVERF)
})
