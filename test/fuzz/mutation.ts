/** Changes of bytes that know where lengths stand, and nothing else. */
import { interesting32 } from './interesting.ts'
import type { Random } from './random.ts'

const xidBytes = 4
const credentialStart = 24

/** One to three changes. The xid stays, so that an answer finds its call. */
export function mutate(
  random: Random,
  message: Buffer,
  lengthWords: readonly number[],
  argumentsStart: number,
  other: Buffer,
): Buffer {
  // Most of the time the header is left alone: what it names should be reached.
  const from = random.chance(0.8) ? argumentsStart : random.chance(0.5) ? credentialStart : xidBytes
  const words = lengthWords.filter((at) => at >= from)
  let mutated: Buffer = Buffer.from(message)
  for (let left = 1 + random.below(3); left > 0; left--) mutated = change(random, mutated, from, words, other)
  message.copy(mutated, 0, 0, xidBytes)
  return mutated
}

function change(
  random: Random,
  bytes: Buffer,
  from: number,
  lengthWords: readonly number[],
  other: Buffer,
): Buffer {
  if (bytes.length <= from) return bytes
  const at = from + random.below(bytes.length - from)
  const end = Math.min(bytes.length, at + 1 + random.below(16))
  switch (random.below(9)) {
    case 0:
      bytes[at]! ^= 1 << random.below(8)
      return bytes
    case 1:
      bytes[at] = random.uint32()
      return bytes
    case 2:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(16)), bytes.subarray(at)])
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    case 4:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
    case 5:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(Math.min(at, other.length))])
    case 6:
      return Buffer.from(bytes.subarray(0, at))
    case 7: {
      const word = from + 4 * random.below(Math.max(1, (bytes.length - from) >> 2))
      return setWord(bytes, word, interesting32(random))
    }
    default: {
      if (lengthWords.length === 0) return bytes
      const word = random.pick(lengthWords)
      if (word + 4 > bytes.length) return bytes
      const around = bytes.readUInt32BE(word) + random.below(9) - 4
      return setWord(bytes, word, random.chance(0.5) ? around : interesting32(random))
    }
  }
}

function setWord(bytes: Buffer, at: number, value: number): Buffer {
  if (at + 4 <= bytes.length) bytes.writeUInt32BE(value >>> 0, at)
  return bytes
}
