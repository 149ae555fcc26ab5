/**
 * How VMs and the server on this machine reach each other. As root each run has a network namespace with a
 * bridge: every VM has an address of its own, source ports are privileged, port 111 is free, and two runs
 * never meet. Otherwise QEMU's user networking: the VM sees this machine's loopback as 10.0.2.2.
 */
import { commandSync } from './command.ts'
import { inNamespace, removeNamespace } from './namespace.ts'
import type { RunScope } from './run-scope.ts'

export interface Attachment {
  readonly qemuArguments: readonly string[]
  /** The VM's address with prefix length. */
  readonly address: string
}

export interface Network {
  readonly kind: 'namespace' | 'user'
  /** Where the server listens, and the name under which the VMs reach it. */
  readonly listenAddress: string
  readonly serverAddress: string
  /** The argument vector that runs a program of this machine where the VMs can reach it. */
  inside(argv: readonly string[]): string[]
  attach(): Attachment
}

/** A namespace with a bridge where that is allowed, else user networking. */
export function createNetwork(scope: RunScope): Network {
  if (process.getuid?.() !== 0 || process.env.FSVA_VM_NETWORK === 'user') return userNetwork()
  try {
    return namespaceNetwork(scope)
  } catch (error) {
    process.stderr.write(`no network namespace (${(error as Error).message}): using QEMU's user networking\n`)
    return userNetwork()
  }
}

function namespaceNetwork(scope: RunScope): Network {
  const prefix = '10.77.0'
  const serverAddress = `${prefix}.1`
  commandSync('ip', ['netns', 'add', scope.name])
  scope.onClose(() => removeNamespace(scope.name))
  const ip = (...args: string[]) => commandSync('ip', ['-n', scope.name, ...args])
  ip('link', 'set', 'lo', 'up')
  ip('link', 'add', 'bridge', 'type', 'bridge', 'forward_delay', '0')
  ip('address', 'add', `${serverAddress}/24`, 'dev', 'bridge')
  ip('link', 'set', 'bridge', 'up')
  let vms = 0
  return {
    kind: 'namespace',
    listenAddress: serverAddress,
    serverAddress,
    inside: (argv) => inNamespace(scope.name, argv),
    attach: () => {
      const index = ++vms
      const tap = `tap${index}`
      ip('tuntap', 'add', 'mode', 'tap', 'name', tap)
      ip('link', 'set', tap, 'master', 'bridge', 'up')
      return {
        qemuArguments: [
          ...['-netdev', `tap,id=net,ifname=${tap},script=no,downscript=no`],
          ...['-device', `virtio-net-pci,netdev=net,mac=${macAddress(index)},romfile=`],
        ],
        address: `${prefix}.${10 + index}/24`,
      }
    },
  }
}

function userNetwork(): Network {
  return {
    kind: 'user',
    listenAddress: '127.0.0.1',
    serverAddress: '10.0.2.2',
    inside: (argv) => [...argv],
    attach: () => ({
      qemuArguments: ['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='],
      address: '10.0.2.15/24',
    }),
  }
}

export function macAddress(index: number): string {
  return `52:54:00:77:00:${index.toString(16).padStart(2, '0')}`
}
