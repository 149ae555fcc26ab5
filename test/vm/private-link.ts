/**
 * A network of exactly two VMs: the two QEMU processes talk over a Unix socket in the run's directory, so that
 * this machine has no address in it and no privilege is needed.
 */
import { join } from 'node:path'
import { type Attachment, macAddress } from './network.ts'
import type { RunScope } from './run-scope.ts'

export interface PrivateLink {
  readonly appliance: Attachment
  readonly user: Attachment
}

/**
 * `first`: which of the two boots first; it may outlive the other one, which can then boot again. `number`: of this link,
 * if there are several.
 */
export function createPrivateLink(
  scope: RunScope,
  first: 'appliance' | 'user' = 'appliance',
  number = 0,
): PrivateLink {
  const path = join(scope.directory, `link-${number}`)
  const end = (index: number, role: string): Attachment => ({
    address: `10.78.${number}.${index}/24`,
    qemuArguments: [
      ...['-netdev', `stream,id=net${number},server=${role},addr.type=unix,addr.path=${path}`],
      ...['-device', `virtio-net-pci,netdev=net${number},mac=${macAddress(2 * number + index)},romfile=`],
    ],
  })
  const listens = (name: typeof first) => (name === first ? 'on' : 'off')
  return { appliance: end(1, listens('appliance')), user: end(2, listens('user')) }
}
