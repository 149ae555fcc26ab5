/** Reads what the native core answers in shared memory (native/answer-layout.ts). */
import { answerLayout as layout } from '../../native/answer-layout.ts'
import type { Attributes, FileHandle, FileType, Time, Wcc, WccAttributes } from './vfs.ts'

/** The same bytes as three kinds of numbers. Starts at a multiple of 8. */
export class AnswerMemory {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly longs: BigUint64Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2)
    this.longs = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 3)
  }
}

/** One answer in its memory; `extra` is what has no fixed length. */
export interface NativeAnswer {
  readonly memory: AnswerMemory
  /** Where it starts, in bytes. */
  readonly at: number
  readonly extra: Uint8Array
}

// Indexes in words or longs: the layout is in bytes.
const statusWord = layout['answer.status'] >>> 2
const countWord = layout['answer.count'] >>> 2
const flagsWord = layout['answer.flags'] >>> 2
const handleLengthWord = layout['answer.handleLength'] >>> 2
const numbersLong = layout['answer.numbers'] >>> 3
const sizeLong = layout['attributes.size'] >>> 3
const usedLong = layout['attributes.used'] >>> 3
const fsidLong = layout['attributes.fsid'] >>> 3
const fileidLong = layout['attributes.fileid'] >>> 3
const presentWord = layout['attributes.present'] >>> 2
const typeWord = layout['attributes.type'] >>> 2
const modeWord = layout['attributes.mode'] >>> 2
const nlinkWord = layout['attributes.nlink'] >>> 2
const uidWord = layout['attributes.uid'] >>> 2
const gidWord = layout['attributes.gid'] >>> 2
const majorWord = layout['attributes.rdevMajor'] >>> 2
const minorWord = layout['attributes.rdevMinor'] >>> 2
const atimeWord = layout['attributes.atime'] >>> 2
const mtimeWord = layout['attributes.mtime'] >>> 2
const ctimeWord = layout['attributes.ctime'] >>> 2
const wccSizeLong = layout['wcc.size'] >>> 3
const wccMtimeWord = layout['wcc.mtime'] >>> 2
const wccCtimeWord = layout['wcc.ctime'] >>> 2
const wccPresentWord = layout['wcc.present'] >>> 2

function time(words: Uint32Array, word: number): Time {
  return { seconds: words[word]!, nseconds: words[word + 1]! }
}

function attributes({ words, longs }: AnswerMemory, at: number): Attributes | undefined {
  const word = at >>> 2
  const long = at >>> 3
  if (words[word + presentWord] === 0) return undefined
  return {
    type: words[word + typeWord] as FileType,
    mode: words[word + modeWord]!,
    nlink: words[word + nlinkWord]!,
    uid: words[word + uidWord]!,
    gid: words[word + gidWord]!,
    size: longs[long + sizeLong]!,
    used: longs[long + usedLong]!,
    rdev: { specdata1: words[word + majorWord]!, specdata2: words[word + minorWord]! },
    fsid: longs[long + fsidLong]!,
    fileid: longs[long + fileidLong]!,
    atime: time(words, word + atimeWord),
    mtime: time(words, word + mtimeWord),
    ctime: time(words, word + ctimeWord),
  }
}

function before({ words, longs }: AnswerMemory, at: number): WccAttributes | undefined {
  const word = at >>> 2
  if (words[word + wccPresentWord] === 0) return undefined
  return {
    size: longs[(at >>> 3) + wccSizeLong]!,
    mtime: time(words, word + wccMtimeWord),
    ctime: time(words, word + wccCtimeWord),
  }
}

export const statusOf = ({ memory, at }: NativeAnswer): number => memory.words[(at >>> 2) + statusWord]!
export const countOf = ({ memory, at }: NativeAnswer): number => memory.words[(at >>> 2) + countWord]!
export const flagsOf = ({ memory, at }: NativeAnswer): number => memory.words[(at >>> 2) + flagsWord]!
export const numberOf = ({ memory, at }: NativeAnswer, index: number): bigint =>
  memory.longs[(at >>> 3) + numbersLong + index]!

/** The object that the operation is about, or the new one. */
export const objectOf = ({ memory, at }: NativeAnswer): Attributes | undefined =>
  attributes(memory, at + layout['answer.object'])
/** The directory afterwards; of RENAME the one renamed from. */
export const directoryOf = ({ memory, at }: NativeAnswer): Attributes | undefined =>
  attributes(memory, at + layout['answer.directory'])
export const objectWccOf = (answer: NativeAnswer): Wcc => ({
  before: before(answer.memory, answer.at + layout['answer.before']),
  after: objectOf(answer),
})
export const directoryWccOf = (answer: NativeAnswer): Wcc => ({
  before: before(answer.memory, answer.at + layout['answer.before']),
  after: directoryOf(answer),
})
/** Of the directory renamed to. */
export const toDirectoryWccOf = ({ memory, at }: NativeAnswer): Wcc => ({
  before: before(memory, at + layout['answer.toBefore']),
  after: attributes(memory, at + layout['answer.toDirectory']),
})

export function handleOf({ memory, at }: NativeAnswer): FileHandle | undefined {
  const length = memory.words[(at >>> 2) + handleLengthWord]!
  const start = at + layout['answer.handle']
  return length === 0 ? undefined : memory.bytes.slice(start, start + length)
}

export function verifierOf({ memory, at }: NativeAnswer): Uint8Array {
  const start = at + layout['answer.verifier']
  return memory.bytes.slice(start, start + 8)
}
