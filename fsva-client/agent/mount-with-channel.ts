/** Mount and side channel together. The channel is optional: whatever is wrong with it, NFS works on its own. */
import { resolve } from 'node:path'
import { ClientError, ExitCode } from '../exit-codes.ts'
import { type MountRequest, mountExport } from '../mount.ts'
import { findServer } from '../server-survey.ts'
import { umountExport } from '../umount.ts'
import type { AgentOptions, Rendezvous } from './agent-options.ts'
import { askRendezvous, type Coherence, coherenceOf } from './ask-rendezvous.ts'
import { onlyDevice } from './choose-device.ts'
import { localAddressTowards } from './local-address.ts'
import { runAgent } from './run-agent.ts'
import { timeoutsFor } from './side-channel-timeouts.ts'
import { startAgent } from './start-agent.ts'

export interface ChannelRequest {
  readonly device: string | undefined
  readonly socket: string | undefined
  readonly port: number
  readonly dataSocket: string | undefined
  readonly pushes: boolean
  /** A mount without the channel is a failure. */
  readonly required: boolean
  /** Be the agent. */
  readonly foreground: boolean
}

/** How long to wait for a channel whose server has just answered, and for one whose server has not. */
const channelMs = { expected: 60_000, doubtful: 2000 } as const

/**
 * Mounts and starts the agent. What is worth knowing goes to `say`, line by line. Answers what to exit with. Throws ClientError if there is no
 * mount, or no channel and one is required; nothing is mounted then.
 */
export async function mountWithChannel(
  request: MountRequest,
  channel: ChannelRequest,
  say: (line: string) => void,
): Promise<ExitCode> {
  const prepared = await prepare(request, channel, say)
  say(await mountExport({ ...request, timeouts: prepared && timeoutsFor(prepared.coherence) }))
  if (prepared === undefined || request.dryRun) return ExitCode.ok
  const { options, isExpected } = prepared
  if (channel.foreground) return await runAgent(options)
  try {
    const status = await startAgent(options, isExpected ? channelMs.expected : channelMs.doubtful)
    if (status.channel === 'up') say(`the side channel is up; agent: process ${status.pid}`)
    else giveUp(channel, say, `the channel is down: ${status.failure ?? 'no answer yet'}`)
    return ExitCode.ok
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    if (!channel.required) {
      giveUp(channel, say, `${error.message}: ${error.advice ?? ''}`)
      return ExitCode.ok
    }
    await umountExport({ directory: request.directory, force: false, lazy: false })
    throw error
  }
}

interface Prepared {
  readonly options: AgentOptions
  readonly coherence: Coherence
  /** The server has answered. */
  readonly isExpected: boolean
}

/** Asks the server before there is a mount: what it can watch decides how long the kernel may believe attributes. */
async function prepare(
  request: MountRequest,
  channel: ChannelRequest,
  say: (line: string) => void,
): Promise<Prepared | undefined> {
  let reach: (address: string) => Promise<Rendezvous>
  if (channel.socket !== undefined) {
    const socket = resolve(channel.socket)
    reach = async (address) => ({ socket, clientAddress: await localAddressTowards(address) })
  } else {
    let device: string
    try {
      device = channel.device ?? onlyDevice()
    } catch (error) {
      if (!(error instanceof ClientError) || error.exitCode === ExitCode.usage) throw error
      return giveUp(channel, say, `${error.message}; ${error.advice}`)
    }
    reach = async (server) => ({ server, port: channel.port, device })
  }
  const { dataSocket, pushes } = channel
  const mountPoint = resolve(request.directory)
  let failed: Prepared | undefined
  let failure = ''
  for (const address of await findServer(request.target.server)) {
    const rendezvous = await reach(address)
    const options: AgentOptions = { mountPoint, rendezvous, dataSocket, pushes }
    try {
      const exports = await askRendezvous(rendezvous)
      const coherence = pushes ? coherenceOf(exports, request.target.path) : 'none'
      return { options, coherence, isExpected: true }
    } catch (error) {
      failure = (error as Error).message
      failed ??= { options, coherence: 'none', isExpected: false }
    }
  }
  giveUp(channel, say, `no side channel yet: ${failure}`)
  return failed
}

function giveUp(channel: ChannelRequest, say: (line: string) => void, why: string): undefined {
  if (channel.required)
    throw new ClientError(ExitCode.noChannel, why, 'without --require-side-channel NFS goes on alone')
  say(`NFS goes on alone: ${why}`)
}
