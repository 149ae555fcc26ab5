import t from 'tap'
import { decodeCallHeader, HeaderStatus, newCallHeader } from '../../../nfs-server/rpc/message.ts'
import { auth, call, noAuth, words } from './wire.ts'

const of = { program: 100003, version: 3, procedure: 6 }

t.test('a call header', async (t) => {
  const header = newCallHeader()
  const credential = auth(1, Buffer.from('abcdef'))
  const record = call({ ...of, xid: 0xfffffffe, credential, verifier: auth(9, Buffer.of(1)), args: words(5) })
  t.equal(decodeCallHeader(record, header), HeaderStatus.OK)
  t.same(header, {
    xid: 0xfffffffe,
    ...of,
    credentialFlavor: 1,
    credentialStart: 32,
    credentialLength: 6,
    verifierFlavor: 9,
    verifierLength: 1,
    argumentsStart: record.length - 4,
  })
})

t.test('every truncation of a header is unintelligible, and so is a reply', async (t) => {
  const record = call({ ...of, credential: auth(1, Buffer.alloc(20)) })
  for (let length = 0; length < record.length; length++) {
    const status = decodeCallHeader(record.subarray(0, length), newCallHeader())
    if (status !== HeaderStatus.UNINTELLIGIBLE) t.fail(`${length} bytes gave status ${status}`)
  }
  t.equal(decodeCallHeader(record, newCallHeader()), HeaderStatus.OK)
  t.equal(decodeCallHeader(words(7, 1, 0, 0, 0, 0), newCallHeader()), HeaderStatus.UNINTELLIGIBLE)
})

t.test('lengths are checked before they are believed', async (t) => {
  const header = newCallHeader()
  const oversized = Buffer.concat([call(of).subarray(0, 24), words(1, 0xffffffff), Buffer.alloc(500)])
  t.equal(decodeCallHeader(oversized, header), HeaderStatus.BAD_CREDENTIAL)
  const longest = call({ ...of, credential: auth(1, Buffer.alloc(400)) })
  t.equal(decodeCallHeader(longest, header), HeaderStatus.OK)
  const beyond = call({ ...of, credential: auth(1, Buffer.alloc(401)) })
  t.equal(decodeCallHeader(beyond, header), HeaderStatus.BAD_CREDENTIAL)
  const verifier = call({ ...of, credential: noAuth, verifier: auth(0, Buffer.alloc(401)) })
  t.equal(decodeCallHeader(verifier, header), HeaderStatus.BAD_VERIFIER)
})

t.test('another version of RPC', async (t) => {
  const header = newCallHeader()
  t.equal(decodeCallHeader(call({ ...of, xid: 3, rpcvers: 3 }), header), HeaderStatus.RPC_MISMATCH)
  t.equal(header.xid, 3)
})
