import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'

/** The directory of all agents' files; FSVA_RUNTIME_DIRECTORY moves it for tests, and for who is not root. */
function agentsDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.FSVA_RUNTIME_DIRECTORY ?? '/run/fsva', 'agents')
}

/** Characters of an instance in a file's name: what is longer would not fit a socket's address (108 bytes in all). */
const nameCharactersMax = 48

/** Where the agent of one mount point keeps what others find it by. */
export interface AgentFiles {
  readonly directory: string
  /** Held by flock(2) while the agent lives; its process id is in it. */
  readonly lock: string
  /** The control socket, for root and the agent's own user. */
  readonly control: string
  /** What an agent that was started by `mount` says. */
  readonly log: string
  /** For other programs, which read and write files by it. */
  readonly data: string
}

export function agentFiles(mountPoint: string, environment: NodeJS.ProcessEnv = process.env): AgentFiles {
  const directory = agentsDirectory(environment)
  const name = fileName(instanceOf(mountPoint))
  const file = (suffix: string) => join(directory, `${name}.${suffix}`)
  return { directory, lock: file('lock'), control: file('control'), log: file('log'), data: file('data') }
}

/** The systemd unit of a mount point's agent. */
export function agentUnit(mountPoint: string): string {
  return `fsva-agent@${instanceOf(mountPoint)}.service`
}

/** The mount point as the instance of a systemd unit: what `systemd-escape --path` makes of it. */
export function instanceOf(mountPoint: string): string {
  const path = resolve(mountPoint)
  if (path === '/') return '-'
  return [...Buffer.from(path.slice(1))]
    .map((byte, index) => {
      const character = String.fromCharCode(byte)
      if (character === '/') return '-'
      const isPlain = /[A-Za-z0-9:_]/.test(character) || (character === '.' && index > 0)
      return isPlain ? character : `\\x${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
}

function fileName(instance: string): string {
  if (instance.length <= nameCharactersMax) return instance
  const digest = createHash('sha256').update(instance).digest('hex').slice(0, 16)
  return `${instance.slice(0, nameCharactersMax - digest.length - 1)}~${digest}`
}
