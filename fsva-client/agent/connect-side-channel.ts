import { lookup } from 'node:dns/promises'
import { SideChannel } from '../side-channel/side-channel.ts'
import type { AgentFiles } from './agent-files.ts'
import type { AgentOptions } from './agent-options.ts'
import { knock } from './ask-rendezvous.ts'
import type { AgentChannel } from './channel.ts'
import type { Figures } from './control-protocol.ts'

/** The channel of a mount, with the kernel's cache and the programs of this machine on it. */
export async function connectSideChannel(options: AgentOptions, files: AgentFiles): Promise<AgentChannel> {
  const { rendezvous, mountPoint, pushes } = options
  // Cheaper than a channel's own attempt, which makes threads first: it may be tried for days.
  await knock(rendezvous)
  const where =
    'socket' in rendezvous ? rendezvous : { ...rendezvous, server: (await lookup(rendezvous.server)).address }
  const channel = await SideChannel.connect({ ...where, ...(pushes && { mountPoint }) })
  const dataSocket = options.dataSocket ?? files.data
  try {
    channel.serveLocal({ path: dataSocket, mountPoints: [mountPoint] })
  } catch (error) {
    await channel.close()
    throw error
  }
  return {
    dataSocket,
    get up() {
      return channel.up
    },
    ping: () => channel.ping(),
    stats: () => figuresOf(channel),
    close: () => channel.close(),
  }
}

function figuresOf(channel: SideChannel): Figures {
  const { connected: _, ...figures } = channel.stats()
  const { operations, kernelCache } = channel.details()
  const programs = channel.localStats()
  const byName = operations.map(({ op, calls, p50, p99 }) => {
    const name = op.charAt(0).toLowerCase() + op.slice(1)
    return [name, { calls, p50Microseconds: p50 ?? null, p99Microseconds: p99 ?? null }] as const
  })
  return {
    ...figures,
    operations: Object.fromEntries(byName),
    ...(kernelCache && { kernelCache }),
    ...(programs && { programs: { ...programs } }),
  }
}
