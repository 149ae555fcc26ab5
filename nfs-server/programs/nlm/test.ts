import type { RpcCall } from '../../rpc/program.ts'
import type { nlm4_testargs, nlm4_testres } from '../../xdr/generated/nlm.ts'
import type { NlmContext } from './nlm-context.ts'

export async function test(
  { manager }: NlmContext,
  { cookie, exclusive, alock }: nlm4_testargs,
  call: RpcCall,
): Promise<nlm4_testres> {
  return { cookie, test_stat: await manager.test(call, exclusive, alock) }
}
