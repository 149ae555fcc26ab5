import type { NativeAgentFile } from '../../native/agent-binding.ts'
import { type Answers, answerAt, type Numbers } from './answers.ts'
import type { LentBuffer } from './lent-buffer.ts'
import { Mapping } from './mapping.ts'
import { settled } from './side-channel-error.ts'

export interface ReadPlace {
  /** Where in the file, in bytes. */
  readonly offset: number
  readonly length: number
  /** Where in the buffer: a multiple of 4096; 0 unless said otherwise. */
  readonly at?: number
}

export interface WritePlace extends ReadPlace {
  /** When it is safe: `unstable` after `fsync`, else when this is answered (RFC 1813, stable_how). */
  readonly stable?: 'unstable' | 'dataSync' | 'fileSync'
}

/** RFC 1813, fattr3. Times are in milliseconds since 1970. */
export interface FileAttributes {
  readonly size: number
  /** On disk, in bytes. */
  readonly used: number
  readonly fsid: bigint
  readonly fileid: bigint
  /** ftype3. */
  readonly type: number
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly atimeMs: number
  readonly mtimeMs: number
  readonly ctimeMs: number
}

const stableHow = { unstable: 0, dataSync: 1, fileSync: 2 } as const

/** A file that is open at the server. All methods reject with a SideChannelError. */
export class SideChannelFile {
  readonly #native: NativeAgentFile
  readonly #answers: Answers

  /** Use `SideChannel.open`. */
  constructor(native: NativeAgentFile, answers: Answers) {
    this.#native = native
    this.#answers = answers
  }

  /** As pread(2), into the buffer: fewer bytes at the end of the file, or if the server takes no more at once. */
  async read(buffer: LentBuffer, place: ReadPlace): Promise<{ bytes: number; endOfFile: boolean }> {
    const { offset, length, at = 0 } = place
    const position = BigInt(offset)
    return await this.#answers.answer(
      (numbers, spin) => this.#native.read(numbers, spin, buffer.native, at, length, position),
      (answer) => ({ bytes: answer[answerAt.bytes]!, endOfFile: answer[answerAt.flag] === 1 }),
      () => this.#native.readWaiting(buffer.native, at, length, position),
    )
  }

  /** As pwrite(2), from the buffer. */
  async write(buffer: LentBuffer, place: WritePlace): Promise<{ bytes: number; committed: boolean }> {
    const { offset, length, at = 0, stable = 'unstable' } = place
    const position = BigInt(offset)
    const how = stableHow[stable]
    return await this.#answers.answer(
      (numbers, spin) => this.#native.write(numbers, spin, buffer.native, at, length, position, how),
      (answer) => ({ bytes: answer[answerAt.bytes]!, committed: answer[answerAt.flag] === 1 }),
      () => this.#native.writeWaiting(buffer.native, at, length, position, how),
    )
  }

  async getattr(): Promise<FileAttributes> {
    return await this.#answers.answer(
      (numbers, spin) => this.#native.getattr(numbers, spin),
      attributesOf,
      () => this.#native.getattrWaiting(),
    )
  }

  /** The file's pages from `offset` (a multiple of 4096) on, for as long as they are not unmapped. */
  async map(offset: number, length: number): Promise<Mapping> {
    return new Mapping(await settled(() => this.#native.map(BigInt(offset), length)), offset)
  }

  /** What was written before is safe when this resolves. EIO: the server may have lost some of it, write it again. */
  fsync(): Promise<void> {
    return settled(() => this.#native.fsync())
  }

  /** These bytes are cached here, or not needed any more: the server need not keep them in memory. 0 bytes: to the end. */
  evict(offset: number, length: number): Promise<void> {
    return settled(() => this.#native.evict(BigInt(offset), length))
  }

  /** What is mapped stays, as with mmap(2). */
  close(): Promise<void> {
    return settled(() => this.#native.close())
  }
}

function attributesOf(answer: Numbers): FileAttributes {
  const number = (at: number) => answer[answerAt.attributes + at]!
  const wide = (at: number) => BigInt(number(at)) | (BigInt(number(at + 1)) << 32n)
  const time = (at: number) => number(at) * 1000 + number(at + 1) / 1e6
  return {
    size: number(0),
    used: number(1),
    fsid: wide(2),
    fileid: wide(4),
    type: number(6),
    mode: number(7),
    nlink: number(8),
    uid: number(9),
    gid: number(10),
    atimeMs: time(11),
    mtimeMs: time(13),
    ctimeMs: time(15),
  }
}
