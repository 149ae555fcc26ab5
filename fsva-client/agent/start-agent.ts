import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError, ExitCode } from '../exit-codes.ts'
import { agentFiles } from './agent-files.ts'
import { type AgentOptions, agentArguments } from './agent-options.ts'
import { ControlClient } from './control-client.ts'
import type { AgentStatus } from './control-protocol.ts'
import { makeRuntimeDirectory } from './runtime-directory.ts'

const logBytesMax = 1024 * 1024
const pollMs = 50
/** For the process to be there at all: a machine may be slow. */
const startMs = 60_000

/**
 * Starts the agent as a process of its own, which outlives this one, and answers what it says of itself as soon as its channel
 * is up, or `channelMs` after it is there. Throws ClientError if it ends instead.
 */
export async function startAgent(options: AgentOptions, channelMs: number): Promise<AgentStatus> {
  const files = agentFiles(options.mountPoint)
  makeRuntimeDirectory(files.directory)
  const log = openSync(files.log, 'a', 0o600)
  if (statSync(files.log).size > logBytesMax) truncateSync(files.log)
  const logStart = statSync(files.log).size
  const child = spawn(process.execPath, [process.argv[1]!, ...agentArguments(options)], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: withoutDefaults(process.env),
  })
  closeSync(log)
  let ended: string | undefined
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code, signal) => {
    ended = signal ?? `exit code ${code}`
  })
  const startDeadline = Date.now() + startMs
  let channelDeadline: number | undefined
  for (;;) {
    const status = await askStatus(files.control, child.pid)
    if (status !== undefined) channelDeadline ??= Date.now() + channelMs
    if (status !== undefined && (status.channel === 'up' || Date.now() >= channelDeadline!)) {
      child.unref()
      return status
    }
    if (ended !== undefined || (status === undefined && Date.now() >= startDeadline)) {
      const said = readFileSync(files.log).subarray(logStart).toString().trim()
      throw new ClientError(
        ExitCode.noChannel,
        `the agent ${ended === undefined ? 'does not come up' : `ended at once (${ended})`}`,
        said === '' ? `see ${files.log}` : said,
      )
    }
    await sleep(pollMs)
  }
}

/** What the arguments say already, and what could contradict them, is not said twice. */
function withoutDefaults(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = ['FSVA_SERVER', 'FSVA_DEVICE', 'FSVA_SOCKET', 'FSVA_CHANNEL_PORT', 'FSVA_AGENT_SOCKET']
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.includes(name)))
}

/** Of this very process: there may have been one before. */
async function askStatus(path: string, pid: number | undefined): Promise<AgentStatus | undefined> {
  const client = await ControlClient.connect(path)
  if (client === undefined) return undefined
  try {
    const status = await client.ask('status')
    return status.pid === pid ? status : undefined
  } catch (error) {
    if (error instanceof ClientError) return undefined
    throw error
  } finally {
    client.close()
  }
}
