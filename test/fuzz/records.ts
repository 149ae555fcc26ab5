/** The records of a run: which is sent where, and as what bytes. The same seed and index make the same choices. */
import { emitArguments } from './arguments.ts'
import { ByteBuilder } from './byte-builder.ts'
import type { Catalogue, Service, Target } from './catalogue.ts'
import { emitCredentials } from './credentials.ts'
import { type Expectation, expectationOf } from './expectation.ts'
import { interesting32 } from './interesting.ts'
import { mutate } from './mutation.ts'
import { Random } from './random.ts'
import type { World } from './world.ts'

/** How a record came to be. */
export const origins = ['by type', 'mutated', 'wrong program', 'broken framing'] as const
export type Origin = (typeof origins)[number]

export interface FuzzRecord {
  readonly index: number
  readonly origin: Origin
  readonly service: Service
  readonly transport: 'tcp' | 'udp'
  readonly message: Buffer
  readonly expectation: Expectation
  /** Sent twice, as a client does that heard nothing. */
  readonly isRepeated: boolean
  /** Sizes of the fragments it goes in; undefined: in one. */
  readonly fragments: readonly number[] | undefined
  /** For choices made when it is sent. */
  readonly random: Random
}

const services = ['nfs', 'mount', 'portmap'] as const
/** Everybody's locks are freed, and nobody gets new ones for a while: once in a while is enough. */
const rarely = 'SM_SIMU_CRASH'
/** What IPv4 can carry over loopback, less headers. */
const datagramBytesMax = 60_000

export class Records {
  readonly #catalogue: Catalogue
  readonly #world: World
  readonly #seed: number
  /** Exports by number, most often one that can be changed. */
  readonly #places: readonly (readonly [weight: number, place: number])[]
  #last: Buffer = Buffer.alloc(0)

  constructor(catalogue: Catalogue, world: World, seed: number) {
    this.#catalogue = catalogue
    this.#world = world
    this.#seed = seed
    this.#places = world.placeWeights.map((weight, place) => [weight, place])
  }

  make(index: number): FuzzRecord {
    const random = new Random(this.#seed, index)
    const target = this.#someTarget(random)
    const origin = random.weighted<Origin>([
      [70, 'by type'],
      [25, 'mutated'],
      [3, 'wrong program'],
      [2, 'broken framing'],
    ])
    const { message, lengthWords, argumentsStart } = this.#call(random, index, target, origin)
    const sent =
      origin === 'mutated' ? mutate(random, message, lengthWords, argumentsStart, this.#last) : message
    this.#last = message
    const service = random.chance(0.01) ? random.pick(services) : target.service
    const mayBeDatagram = service !== 'nfs' && origin !== 'broken framing' && sent.length <= datagramBytesMax
    return {
      index,
      origin,
      service,
      transport: mayBeDatagram && random.chance(0.3) ? 'udp' : 'tcp',
      message: sent,
      expectation: expectationOf(this.#catalogue, service, sent),
      isRepeated: random.chance(0.01),
      fragments: random.chance(0.05) ? someFragments(random, sent.length) : undefined,
      random,
    }
  }

  #someTarget(random: Random): Target {
    const target = random.pick(random.weighted(this.#catalogue.groups))
    return target.name === rarely && random.chance(0.98) ? this.#someTarget(random) : target
  }

  #call(random: Random, index: number, target: Target, origin: Origin) {
    const out = new ByteBuilder()
    const isWrong = origin === 'wrong program'
    out.uint32(index)
    out.uint32(isWrong && random.chance(0.1) ? interesting32(random) : 0)
    out.uint32(isWrong && random.chance(0.1) ? interesting32(random) : 2)
    const wrong = isWrong ? random.below(3) : -1
    out.uint32(wrong === 0 ? this.#someNumber(random) : target.program)
    out.uint32(wrong === 1 ? random.pick([0, 1, 2, 3, 4, 5, interesting32(random)]) : target.version)
    out.uint32(wrong === 2 ? random.pick([24, 16, 17, interesting32(random)]) : target.procedure)
    emitCredentials(random, out)
    const place = random.weighted(this.#places)
    const argumentsStart = out.length
    emitArguments({ random, world: this.#world, out, place }, target.model, target.argument)
    return { message: out.finish(), lengthWords: out.lengthWords, argumentsStart }
  }

  /** Linux asks for LOCALIO (400122), and rquota is looked for by quota(1). */
  #someNumber(random: Random): number {
    return random.pick([...this.#world.programs, 400_122, 100_011, interesting32(random)])
  }
}

/** Sizes that sum up to the length, zeros among them. */
function someFragments(random: Random, length: number): number[] {
  const sizes: number[] = []
  for (let left = length; left > 0 && sizes.length < 100; ) {
    const size = random.chance(0.1) ? 0 : Math.min(left, 1 + random.below(random.pick([4, 64, 4096])))
    sizes.push(size)
    left -= size
  }
  const rest = length - sizes.reduce((sum, size) => sum + size, 0)
  return [...sizes, rest]
}
