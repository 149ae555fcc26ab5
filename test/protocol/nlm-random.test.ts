/** Random calls: locks have to be what a table of bytes says, and no argument does any harm. */
import fc from 'fast-check'
import t from 'tap'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import * as nlm from '../../nfs-server/xdr/generated/nlm.ts'
import { NLM_PROG } from '../../nfs-server/xdr/generated/nlm.ts'
import * as nsm from '../../nfs-server/xdr/generated/nsm.ts'
import { SM_PROG } from '../../nfs-server/xdr/generated/nsm.ts'
import type { Procedure } from '../../nfs-server/xdr/procedure.ts'
import type { LockHost } from '../fixtures/lock-host.ts'
import { openLocks } from '../fixtures/lock-scene.ts'
import { arbitraryOf } from '../unit/xdr/arbitraries.ts'
import { protocolModel } from '../unit/xdr/codec-cases.ts'

t.setTimeout(120_000)

const fileBytes = 24
const ownersPerHost = 2

/** Who has which byte how: 0 nothing, 1 shared, 2 exclusive. */
class LockModel {
  readonly #owners = new Map<string, Uint8Array>()

  #of(owner: string): Uint8Array {
    const bytes = this.#owners.get(owner) ?? new Uint8Array(fileBytes)
    this.#owners.set(owner, bytes)
    return bytes
  }

  mayLock(owner: string, first: number, length: number, isExclusive: boolean): boolean {
    for (const [other, bytes] of this.#owners) {
      if (other === owner) continue
      if (bytes.subarray(first, first + length).some((held) => held === 2 || (isExclusive && held === 1))) {
        return false
      }
    }
    return true
  }

  set(owner: string, first: number, length: number, how: 0 | 1 | 2): void {
    this.#of(owner).fill(how, first, first + length)
  }

  forget(host: string): void {
    for (const owner of this.#owners.keys()) if (owner.startsWith(`${host}/`)) this.#owners.delete(owner)
  }

  /** Locks of one kind next to each other are one. */
  get ranges(): number {
    let count = 0
    for (const bytes of this.#owners.values()) {
      bytes.forEach((held, at) => {
        if (held !== 0 && held !== bytes[at - 1]) count++
      })
    }
    return count
  }
}

const step = fc.record({
  what: fc.constantFrom('lock', 'lock', 'lock', 'unlock', 'unlock', 'test', 'restart'),
  host: fc.integer({ min: 0, max: 1 }),
  svid: fc.integer({ min: 1, max: ownersPerHost }),
  first: fc.integer({ min: 0, max: fileBytes - 1 }),
  length: fc.integer({ min: 1, max: fileBytes }),
  exclusive: fc.boolean(),
})

t.test('locks are what a table of bytes says', async (t) => {
  const { server, one, two, file } = await openLocks(t)
  const hosts = [one, two]
  let steps = 0
  const run = async (list: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
    const model = new LockModel()
    for (const { what, host: index, svid, first, length: wanted, exclusive } of list) {
      // Bytes beyond the table are nobody's business.
      const length = Math.min(wanted, fileBytes - first)
      const host = hosts[index] as LockHost
      const owner = `${host.name}/${svid}`
      const range = { offset: BigInt(first), length: BigInt(length), svid, exclusive }
      const may = model.mayLock(owner, first, length, exclusive)
      steps++
      if (what === 'lock') {
        if ((await host.lock(file, range)) !== (may ? 'GRANTED' : 'DENIED')) return false
        if (may) model.set(owner, first, length, exclusive ? 2 : 1)
      } else if (what === 'test') {
        if (((await host.test(file, range)) === 'GRANTED') !== may) return false
      } else if (what === 'unlock') {
        if ((await host.unlock(file, range)) !== 'GRANTED') return false
        model.set(owner, first, length, 0)
      } else {
        await host.notifyRestart()
        model.forget(host.name)
      }
      if (server.figures.locks !== model.ranges) return false
    }
    for (const host of hosts) await host.notifyRestart()
    return server.figures.locks === 0
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 80 }), run), { numRuns: 25 })
  t.ok(steps > 500)
  t.same(server.errors, [])
})

t.test('no argument does any harm', async (t) => {
  const limits = {
    clientsMax: 20,
    clientsPerAddressMax: 10,
    locksMax: 100,
    locksPerAddressMax: 50,
    waitersMax: 20,
    waitersPerAddressMax: 10,
  }
  const { server, one, two, file } = await openLocks(t, { limits })
  const client = await TcpRpcClient.connect(
    { host: '127.0.0.1', port: server.port, localAddress: '127.0.0.4' },
    { credential: { uid: 0, gid: 0 } },
  )
  t.teardown(() => client.close())
  const counts = new Map<string, number>()
  for (const [protocol, generated, program] of [
    ['nlm', nlm, NLM_PROG],
    ['nsm', nsm, SM_PROG],
  ] as const) {
    const model = await protocolModel(protocol)
    for (const definition of model.definitions) {
      if (definition.kind !== 'program') continue
      for (const version of definition.versions) {
        const table = (generated as unknown as Record<string, Record<string, Procedure<unknown, unknown>>>)[
          `${version.name}_PROCEDURES`
        ]!
        for (const { name, parameters } of version.procedures) {
          const [parameter] = parameters
          if (parameter === undefined) continue
          const samples = fc.sample(arbitraryOf(model, parameter), 30)
          for (const [index, sample] of samples.entries()) {
            // Half of them about a file that is there.
            const args = index % 2 === 0 ? sample : withHandle(sample, file)
            const answer = await client
              .call(program, Number(version.number), table[name]!, args)
              .catch((error: Error) => error)
            if (answer instanceof Error && !/TOOWEAK/.test(answer.message)) throw answer
            counts.set(name, (counts.get(name) ?? 0) + 1)
          }
        }
      }
    }
  }
  t.ok(counts.size > 40, `${counts.size} procedures`)
  t.same(server.errors, [])
  t.ok(server.figures.clients <= limits.clientsMax)
  t.ok(server.figures.locks <= limits.locksMax)
  t.ok(server.figures.waiters <= limits.waitersMax)
  const other = await server.handle('other')
  t.equal(await one.lock(other), 'GRANTED', 'others are served')
  t.equal(await two.lock(other), 'DENIED')
})

/** The same arguments with this file's handle wherever there is one. */
function withHandle(value: unknown, handle: Uint8Array): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === 'fh' ? handle : withHandle(inner, handle)]),
  )
}
