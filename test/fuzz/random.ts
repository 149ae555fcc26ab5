/** Random numbers that are the same for the same seed and record: splitmix32 seeds xorshift128. */
export class Random {
  readonly #state = new Uint32Array(4)

  constructor(seed: number, index: number) {
    let mixed = (seed ^ Math.imul(index + 1, 0x9e37_79b1)) >>> 0
    for (let i = 0; i < 4; i++) {
      mixed = (mixed + 0x9e37_79b9) >>> 0
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad)
      word = Math.imul(word ^ (word >>> 15), 0x735a_2d97)
      this.#state[i] = word ^ (word >>> 15)
    }
    this.#state[0]! |= 1
  }

  uint32(): number {
    const state = this.#state
    let word = state[3]!
    const first = state[0]!
    state[3] = state[2]!
    state[2] = state[1]!
    state[1] = first
    word ^= word << 11
    word ^= word >>> 8
    state[0] = word ^ first ^ (first >>> 19)
    return state[0]!
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * count)
  }

  chance(probability: number): boolean {
    return this.uint32() / 0x1_0000_0000 < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** One of them, by weight. */
  weighted<T>(entries: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.below(entries.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, value] of entries) {
      left -= weight
      if (left < 0) return value
    }
    return entries.at(-1)![1]
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) bytes[i] = this.uint32() >>> 13
    return bytes
  }

  uint64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32())
  }
}
