/**
 * A program for user VMs that uses the client's API, without an agent: side-channel-work SERVER VERB WORD...
 *
 *   sums FILE         prints the SHA-256 of what is read by grant, and of what is mapped
 *   write SOURCE FILE writes what SOURCE holds by grant, and syncs it
 *   rights FILE       opens FILE read-only, and prints what writing it by grant is answered
 *   load FILE BIG     holds the start of BIG mapped, and writes records to FILE, several at a time, until the file /tmp/enough is
 *                     there; then prints what became of both
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import type { Mapping } from '../../fsva-client/side-channel/mapping.ts'
import { SideChannel } from '../../fsva-client/side-channel/side-channel.ts'
import { SideChannelError } from '../../fsva-client/side-channel/side-channel-error.ts'
import type { SideChannelFile } from '../../fsva-client/side-channel/side-channel-file.ts'
import { record, recordBytes } from './side-channel-records.ts'

const pieceBytes = 1 << 20
const heldBytes = 256 << 10
const atATime = 16
/** Longer than a server of an emulated VM takes to start. */
const deadlineMs = 300_000
const enough = '/tmp/enough'

const [server, verb, ...words] = process.argv.slice(2)
const channel = await SideChannel.connect({ server: server!, port: 2050, device: '/dev/dax0.0', deadlineMs })
const verbs: Readonly<Record<string, (...words: string[]) => Promise<unknown>>> = {
  sums,
  write,
  rights,
  load,
}
console.log(JSON.stringify(await verbs[verb!]!(...words)))
await channel.close()

async function open(path: string, flags: string): Promise<SideChannelFile> {
  const descriptor = openSync(path, flags)
  try {
    return await channel.open(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

async function sums(path: string): Promise<{ read: string; mapped: string }> {
  const file = await open(path, 'r')
  const buffer = channel.lend(pieceBytes)
  const read = createHash('sha256')
  for (let offset = 0; ; ) {
    const { bytes, endOfFile } = await file.read(buffer, { offset, length: pieceBytes })
    read.update(new Uint8Array(buffer.data, 0, bytes))
    offset += bytes
    if (endOfFile || bytes === 0) break
  }
  const mapped = createHash('sha256')
  for (let offset = 0; ; offset += pieceBytes) {
    const mapping = await file.map(offset, pieceBytes)
    if (mapping.buffers.length === 0) break
    hashOf(mapping, mapped)
    mapping.unmap()
  }
  buffer.end()
  await file.close()
  return { read: read.digest('hex'), mapped: mapped.digest('hex') }
}

function hashOf(mapping: Mapping, hash = createHash('sha256')): ReturnType<typeof createHash> {
  for (const buffer of mapping.buffers) hash.update(new Uint8Array(buffer))
  return hash
}

async function write(source: string, path: string): Promise<number> {
  const content = readFileSync(source)
  const file = await open(path, 'r+')
  const buffer = channel.lend(pieceBytes)
  for (let offset = 0; offset < content.length; ) {
    const length = Math.min(pieceBytes, content.length - offset)
    new Uint8Array(buffer.data).set(content.subarray(offset, offset + length))
    offset += (await file.write(buffer, { offset, length })).bytes
  }
  await file.fsync()
  buffer.end()
  await file.close()
  return content.length
}

async function rights(path: string): Promise<unknown> {
  const file = await open(path, 'r')
  const buffer = channel.lend(recordBytes)
  const answer = await file.write(buffer, { offset: 0, length: recordBytes }).catch((error: unknown) => error)
  return answer instanceof SideChannelError ? { code: answer.code } : answer
}

/** What a program that keeps writing has seen of its server's end, if anything. */
async function load(path: string, big: string): Promise<unknown> {
  const bigFile = await open(big, 'r')
  const held = await bigFile.map(0, heldBytes)
  // As with mmap(2), what is mapped stays.
  await bigFile.close()
  const before = hashOf(held).digest('hex')
  const file = await open(path, 'r+')
  const buffer = channel.lend(atATime * recordBytes)
  const failures: string[] = []
  let next = 0
  let answered = 0
  const writer = async (place: number) => {
    while (!existsSync(enough)) {
      const number = next++
      new Uint8Array(buffer.data).set(record(number), place * recordBytes)
      const where = { offset: number * recordBytes, length: recordBytes, at: place * recordBytes }
      const { bytes } = await file.write(buffer, where)
      if (bytes !== recordBytes) throw new Error(`${bytes} bytes of record ${number} were written`)
      answered++
    }
  }
  const told = (error: Error) => failures.push(error.message)
  await Promise.all(Array.from({ length: atATime }, (_, place) => writer(place).catch(told)))
  const after = hashOf(held).digest('hex')
  const kept = { isValid: held.valid, isSame: before === after }
  return { begun: next, answered, failures, kept, figures: channel.stats() }
}
