import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { RpcCall } from '../../rpc/program.ts'
import {
  formatUniversalAddress,
  type HostPort,
  isWildcard,
  parseUniversalAddress,
} from './universal-address.ts'

/**
 * The universal address of a service as this caller can reach it. A service that listens on all addresses is at the one
 * the caller has just used; if that is not known (UDP), at the one the caller says it used, provided it is ours, or at
 * the one in the caller's network.
 */
export function reachableAddress({ host, port }: HostPort, hint: string, call: RpcCall): string {
  if (!isWildcard(host)) return formatUniversalAddress({ host, port })
  return formatUniversalAddress({ host: chooseHost(host, hint, call), port })
}

function chooseHost(wildcard: string, hint: string, { localAddress, caller }: RpcCall): string {
  const wantsIPv6 = isIPv6(wildcard) && isIPv6(caller.address)
  if (!isWildcard(localAddress) && isIPv6(localAddress) === wantsIPv6) return localAddress
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => (family === 'IPv6') === wantsIPv6)
  const hinted = parseUniversalAddress(hint)?.host
  if (hinted !== undefined && own.some(({ address }) => address === hinted)) return hinted
  const near = own.find(({ address, cidr }) => isInNetwork(caller.address, address, cidr))
  return (near ?? own.find(({ internal }) => !internal) ?? own[0])?.address ?? wildcard
}

function isInNetwork(address: string, network: string, cidr: string | null): boolean {
  const prefix = Number(cidr?.split('/')[1] ?? Number.NaN)
  if (Number.isNaN(prefix)) return false
  const family = isIPv6(network) ? 'ipv6' : 'ipv4'
  const block = new BlockList()
  block.addSubnet(network, prefix, family)
  return block.check(address, family)
}
