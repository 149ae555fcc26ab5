/** What a server would say to an agent that came: which exports its channel can watch. Asked before the mount is made. */
import { randomInt } from 'node:crypto'
import { createConnection, type NetConnectOpts, type Socket } from 'node:net'
import { type Rendezvous, shownRendezvous } from './agent-options.ts'

/** How much of what happens to an export its server can tell clients: all of it, some, or nothing. */
export type Coherence = 'complete' | 'partial' | 'none'

export interface ChannelExport {
  readonly path: string
  readonly coherence: Coherence
}

const frameBytesMax = 4096
/** The server makes memory for whoever comes; this is as little as it makes. */
const bytesMin = 8 << 20
const timeoutMs = 5000
/** As NFS itself comes: what `secure` exports demand. */
const privilegedPorts = { first: 665, last: 1023, attemptsMax: 20 } as const

/** Rejects with an Error that says what is wrong. The server takes it for an agent that left at once. */
export async function askRendezvous(rendezvous: Rendezvous): Promise<readonly ChannelExport[]> {
  const socket = await connect(rendezvous)
  try {
    const who = 'socket' in rendezvous ? { clientAddress: rendezvous.clientAddress } : {}
    const hello = Buffer.from(JSON.stringify({ fsva: 1, ...who, bytes: bytesMin }))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(hello.length)
    socket.write(Buffer.concat([length, hello]))
    return parseAnswer(await readFrame(socket))
  } finally {
    socket.destroy()
  }
}

/** Rejects, with an Error that says so, unless somebody listens there. */
export async function knock(rendezvous: Rendezvous): Promise<void> {
  const socket = await connect(rendezvous)
  socket.destroy()
}

async function connect(rendezvous: Rendezvous): Promise<Socket> {
  try {
    return await connectFrom(rendezvous)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw error
    throw new Error(`nobody listens at ${shownRendezvous(rendezvous)}`)
  }
}

async function connectFrom(rendezvous: Rendezvous): Promise<Socket> {
  if ('socket' in rendezvous) return await open({ path: rendezvous.socket })
  const { server: host, port } = rendezvous
  if (process.getuid?.() !== 0) return await open({ host, port })
  for (let attempt = 1; ; attempt++) {
    const localPort = randomInt(privilegedPorts.first, privilegedPorts.last + 1)
    try {
      return await open({ host, port, localPort })
    } catch (error) {
      const isTaken = ['EADDRINUSE', 'EADDRNOTAVAIL'].includes((error as NodeJS.ErrnoException).code ?? '')
      if (!isTaken || attempt === privilegedPorts.attemptsMax) throw error
    }
  }
}

function open(options: NetConnectOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(options, () => resolve(socket))
    socket.once('error', reject)
    socket.setTimeout(timeoutMs, () => {
      socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`))
    })
  })
}

async function readFrame(socket: Socket): Promise<string> {
  let read = Buffer.alloc(0)
  for await (const chunk of socket) {
    read = Buffer.concat([read, chunk as Buffer])
    const length = read.length < 4 ? undefined : read.readUInt32LE()
    if (length !== undefined && length > frameBytesMax) break
    if (length !== undefined && read.length >= 4 + length) return read.toString('utf8', 4, 4 + length)
  }
  throw new Error('something answers, but not as the side channel of fsva-nfsd does')
}

/** The answer's exports; what it says in refusal becomes the error. */
export function parseAnswer(text: string): readonly ChannelExport[] {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    answer = undefined
  }
  if (typeof answer !== 'object' || answer === null) throw new Error('the answer is no JSON object')
  const { ok, error, advice, exports } = answer as Record<string, unknown>
  if (ok !== true) throw new Error(`the server refuses: ${[error, advice].filter(isText).join('; ')}`)
  if (!Array.isArray(exports)) throw new Error('the answer names no exports')
  return exports.filter(isExport).map(({ path, coherence }) => ({ path, coherence }))
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isExport(value: unknown): value is ChannelExport {
  if (typeof value !== 'object' || value === null) return false
  const { path, coherence } = value as Record<string, unknown>
  return isText(path) && (coherence === 'complete' || coherence === 'partial' || coherence === 'none')
}

/** What holds for a path on the server: the export that it lies in; 'none' if the channel has none there. */
export function coherenceOf(exports: readonly ChannelExport[], path: string): Coherence {
  const around = exports
    .filter((entry) => path === entry.path || path.startsWith(entry.path.replace(/\/*$/, '/')))
    .sort((a, b) => b.path.length - a.path.length)
  return around[0]?.coherence ?? 'none'
}
