/**
 * What an operation costs a program of TypeScript, as native/agent/examples/measure.rs says what it costs one of Rust:
 * `measure-typescript.ts SOCKET HANDLE-IN-HEX WHAT SECONDS SERVER-PID`, and the same line of JSON.
 */
import { readFileSync } from 'node:fs'
import { SideChannel } from '../../fsva-client/side-channel/side-channel.ts'

const pageBytes = 4096
const largeBytes = 128 << 10
const warmUpMs = 300

const [socket, hex, what, seconds, server] = process.argv.slice(2) as [string, string, string, string, string]
const [kind, count = '1'] = what.split(' ')
const batch = Number(count)
const channel = await SideChannel.connect({ socket, clientAddress: '127.0.0.1', inlineMicroseconds: 50 })
const file = await channel.openHandle(Buffer.from(hex, 'hex'), 'read', { uid: 0, gid: 0 })
const { size } = await file.getattr()
const buffer = channel.lend(1 << 20)

function block(bytes: number): number {
  return Math.floor(Math.random() * Math.floor(Number(size) / bytes)) * bytes
}

async function read(length: number, at = 0): Promise<number> {
  const { bytes } = await file.read(buffer, { offset: block(length), length, at })
  if (bytes !== length) throw new Error(`${bytes} of ${length} bytes`)
  return bytes
}

/** Of both processes so far, user and system, in seconds (proc_pid_stat(5)). */
function cpuSeconds(): number {
  const ticks = ['self', server].map((id) => {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, one) => sum + one, 0) / 100
}

/** Does one group of operations; the number of bytes that it moved. */
const group: () => Promise<number> = {
  null: async () => {
    await channel.ping()
    return 0
  },
  getattr: async () => {
    await file.getattr()
    return 0
  },
  'read-page': () => read(pageBytes),
  'read-128k': () => read(largeBytes),
  'map-unmap': async () => {
    const mapping = await file.map(block(pageBytes), pageBytes)
    mapping.unmap()
    return 0
  },
  'null-batch': async () => {
    await Promise.all(Array.from({ length: batch }, () => channel.ping()))
    return 0
  },
  'read-batch': async () => {
    const reads = Array.from({ length: batch }, (_, index) => read(pageBytes, (index % 256) * pageBytes))
    return (await Promise.all(reads)).reduce((sum, bytes) => sum + bytes, 0)
  },
}[kind!]!

for (const until = performance.now() + warmUpMs; performance.now() < until; ) await group()
const latencies: number[] = []
let bytes = 0
const cpuBefore = cpuSeconds()
const started = process.hrtime.bigint()
const until = started + BigInt(Math.round(Number(seconds) * 1e9))
let before = started
while (before < until) {
  bytes += await group()
  const now = process.hrtime.bigint()
  latencies.push(Number(now - before))
  before = now
}
const elapsed = Number(before - started) / 1e9
const cpu = cpuSeconds() - cpuBefore
latencies.sort((a, b) => a - b)
const quantile = (part: number) => latencies[Math.floor((latencies.length - 1) * part)]! / batch / 1e3
const operations = latencies.length * batch
console.log(
  JSON.stringify({
    operations,
    perSecond: operations / elapsed,
    bytes,
    cpuSeconds: cpu,
    p50Us: quantile(0.5),
    p99Us: quantile(0.99),
  }),
)
await file.close()
buffer.end()
await channel.close()
