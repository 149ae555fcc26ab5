import t from 'tap'
import { logRefusals } from '../../nfs-server/log-refusals.ts'
import type { Refusal } from '../../nfs-server/refusal-log.ts'
import type { RpcCall, RpcProgram } from '../../nfs-server/rpc/program.ts'
import { nfsstat3 } from '../../nfs-server/xdr/generated/nfs3.ts'
import { openCore, openExport } from '../fixtures/native-core.ts'

t.test('calls that end after the server has are refused without a word', async (t) => {
  const { core, close } = openCore([openExport('/export')], 'trees of another Vfs')
  const reported: Refusal[] = []
  const result = Promise.withResolvers<{ status: number }>()
  const row = { handler: () => result.promise }
  const program = { number: 1, versions: new Map([[3, [row]]]) } as unknown as RpcProgram
  const watched = logRefusals(program, {
    exports: () => [],
    judge: (caller, handle) => core.judge(caller, handle),
    log: { report: (refusal) => reported.push(refusal) },
  })
  const caller = { address: '192.0.2.1', port: 700, flavor: 'sys', uid: 1, gid: 1, gids: [] }
  const args = { object: { data: Buffer.alloc(64) } }
  const run = () => watched.versions.get(3)![0]!.handler(args, { caller } as unknown as RpcCall)
  const rejections: unknown[] = []
  const heard = (reason: unknown) => rejections.push(reason)
  process.on('unhandledRejection', heard)
  t.teardown(() => process.off('unhandledRejection', heard))
  t.equal(run(), result.promise)
  close()
  result.resolve({ status: nfsstat3.NFS3ERR_STALE })
  await result.promise
  await new Promise((resolve) => setImmediate(resolve))
  t.same(rejections, [])
  t.same(reported, [])
})
