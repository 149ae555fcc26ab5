/** Whatever arrives: one well-formed reply or none, and nothing thrown. */
import fc from 'fast-check'
import t from 'tap'
import { defaultExportOptions } from '../../../nfs-server/exports.ts'
import { MountList } from '../../../nfs-server/programs/mount3/mount-list.ts'
import { createMountProgram } from '../../../nfs-server/programs/mount3/program.ts'
import { createPortmapProgram } from '../../../nfs-server/programs/portmap/program.ts'
import { Registry } from '../../../nfs-server/programs/portmap/registry.ts'
import { CallerCache } from '../../../nfs-server/rpc/auth.ts'
import { Dispatcher, type Peer, unintelligible } from '../../../nfs-server/rpc/dispatch.ts'
import { decoderpc_msg } from '../../../nfs-server/xdr/generated/rpc.ts'
import { XdrReader } from '../../../nfs-server/xdr/reader.ts'
import { XdrWriter } from '../../../nfs-server/xdr/writer.ts'
import { echoProgramNumber, echoVersion, programOf } from './echo-program.ts'
import { auth, call, opaque, sysBody } from './wire.ts'

const handle = Buffer.alloc(32, 7)
const errors: unknown[] = []
const dispatcher = new Dispatcher(
  [
    programOf({ 1: (args) => args }),
    createPortmapProgram(new Registry()),
    createMountProgram({
      vfs: { resolve: () => ({ status: 0, handle, attributes: undefined, directoryAttributes: undefined }) },
      exports: () => [{ ...defaultExportOptions, path: '/' }],
      mountList: new MountList(),
    }),
  ],
  { onHandlerError: (error) => errors.push(error) },
)

function exchange(message: Uint8Array): { replies: Uint8Array[]; outcome: unknown } {
  const writer = new XdrWriter()
  const replies: Uint8Array[] = []
  const peer: Peer = {
    callers: new CallerCache('127.0.0.1', 700, 4),
    transport: 'tcp',
    localAddress: '127.0.0.1',
    beginReply: () => {
      writer.reset()
      return writer
    },
    endReply: () => replies.push(Buffer.from(writer.bytes())),
    abandonReply: () => writer.truncate(0),
  }
  return { outcome: dispatcher.dispatch(message, peer), replies }
}

function isRightlyAnswered(message: Uint8Array): boolean {
  const { outcome, replies } = exchange(message)
  if (outcome === unintelligible) return replies.length === 0
  if (outcome !== undefined || replies.length !== 1) return false
  const { xid, body } = decoderpc_msg(new XdrReader(replies[0]!))
  return body.mtype === 1 && xid === Buffer.from(message).readUInt32BE(0)
}

const credentials = [auth(0), auth(1, sysBody(0, 0)), auth(1, sysBody(1000, 100, [1, 2, 3]))]

const validCall = fc
  .record({
    program: fc.constantFrom(echoProgramNumber, 100000, 100005, 100003),
    version: fc.constantFrom(echoVersion, 1, 3, 4),
    procedure: fc.nat(13),
    credential: fc.constantFrom(...credentials),
    args: fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ maxLength: 80 }).map((bytes) => opaque(bytes)),
      fc.array(fc.nat(0xffffffff), { maxLength: 12 }).map((values) => {
        const bytes = Buffer.alloc(values.length * 4)
        for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
        return bytes
      }),
    ),
  })
  .map((of) => call(of))

t.test('any bytes', async () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), isRightlyAnswered), { numRuns: 2000 })
})

t.test('calls with any arguments', async (t) => {
  fc.assert(fc.property(validCall, isRightlyAnswered), { numRuns: 5000 })
  t.same(errors, [], 'no handler was taken by surprise')
})

t.test('calls with bytes changed, cut off or added', async (t) => {
  const change = fc.record({ at: fc.nat(400), to: fc.nat(255) })
  const damaged = fc
    .record({
      bytes: validCall,
      changes: fc.array(change, { maxLength: 4 }),
      cut: fc.nat(60),
      more: fc.uint8Array({ maxLength: 9 }),
    })
    .map(({ bytes, changes, cut, more }) => {
      const copy = Buffer.from(bytes)
      for (const { at, to } of changes) copy[at % copy.length] = to
      return Buffer.concat([copy.subarray(0, copy.length - (cut % 30)), more])
    })
  fc.assert(fc.property(damaged, isRightlyAnswered), { numRuns: 5000 })
  t.same(errors, [])
})
