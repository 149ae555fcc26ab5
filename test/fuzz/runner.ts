/** One run of the fuzzer against a server of its own, in a network namespace of its own. */
import { setTimeout } from 'node:timers/promises'
import { mountedRoot } from '../fixtures/restartable-server.ts'
import { sendBroken } from './broken-framing.ts'
import { describeTree } from './canary.ts'
import { Catalogue } from './catalogue.ts'
import { FuzzedServer } from './fuzzed-server.ts'
import { Janitor } from './janitor.ts'
import { Lanes } from './lanes.ts'
import { Ledger } from './ledger.ts'
import { Random } from './random.ts'
import { Records } from './records.ts'
import { type FuzzResult, makeResult } from './result.ts'
import { Scene } from './scene.ts'
import { Tally } from './tally.ts'
import { describe, leftOver, type Sample } from './watch.ts'
import { Witness } from './witness.ts'
import { World } from './world.ts'

export interface FuzzOptions {
  readonly seed: number
  /** Index of the first record. */
  readonly from: number
  readonly count: number
  /** What the server shall leak per call, to see whether that is seen. */
  readonly leakBytes: number
  /** Wait at the end until everything idle has been given back, which takes a minute. */
  readonly settles: boolean
  progress(text: string): void
}

const samplesWanted = 40
/** Idle descriptors and threads live for half a minute. */
const settleMsMax = 180_000
const brokenAtOnce = 4
/** One each: a port that was just used cannot be used again at once. */
const reservedPort = 900

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const scene = new Scene()
  let server: FuzzedServer | undefined
  try {
    server = await FuzzedServer.start(scene, options.leakBytes)
    return await new Run(options, scene, server).all()
  } catch (error) {
    throw new Error(`the server said last:\n${server?.lastOutput}`, { cause: error })
  } finally {
    await server?.close()
    scene.close()
  }
}

class Run {
  readonly #options: FuzzOptions
  readonly #scene: Scene
  readonly #server: FuzzedServer
  readonly #samples: Sample[] = []
  readonly #broken = new Set<Promise<void>>()

  constructor(options: FuzzOptions, scene: Scene, server: FuzzedServer) {
    this.#options = options
    this.#scene = scene
    this.#server = server
  }

  async all(): Promise<FuzzResult> {
    const { seed } = this.#options
    const { places, witnessPath } = this.#scene
    const server = this.#server
    const catalogue = await Catalogue.load()
    const programs = [...new Set(catalogue.targets.map(({ program }) => program))]
    const world = new World(places, programs)
    await this.#learnRoots(world)
    const untouchable = places.map(({ mountPoint, path, isReadOnly }) =>
      isReadOnly ? path : `${mountPoint}/canary`,
    )
    const before = untouchable.map(describeTree)
    const witness = await Witness.start(server.ports.nfs, server.ports.mount, witnessPath)
    const tally = new Tally(catalogue.targets)
    const ledger = new Ledger(world, tally)
    const lanes = await Lanes.open(ledger, server.ports)
    const janitor = new Janitor(places, seed)
    let ended: string | undefined
    void server.ended.then((how) => {
      ended = how
    })
    const first = await server.sample(0)
    const began = performance.now()
    const records = new Records(catalogue, world, seed)
    await this.#send(records, lanes, ledger, janitor, () => ended)
    const seconds = (performance.now() - began) / 1000
    if (ended !== undefined) ledger.report(`the server ended: ${ended}`)
    else {
      await lanes.idle()
      await Promise.all(this.#broken)
    }
    const calls = ended === undefined ? await server.calls() : new Map()
    await witness.stop()
    if (ended === undefined) await lanes.simulateCrash()
    lanes.close()
    const left = ended === undefined ? await this.#settle(first) : []
    const after = untouchable.map(describeTree)
    const changed = after.flatMap((tree, i) => tree.filter((line, at) => line !== before[i]![at]))
    const exitCode = await server.stop()
    return makeResult({
      options: this.#options,
      tally,
      ledger,
      samples: this.#samples,
      witness,
      calls,
      seconds,
      changed,
      left,
      exitCode,
      complaints: server.complaints,
      removed: janitor.removed,
    })
  }

  /** As a client does: by MNT, from a reserved port because one export wants that. */
  async #learnRoots(world: World): Promise<void> {
    const { places } = this.#scene
    for (const [place, { path }] of places.entries()) {
      world.handles.addRoot(await mountedRoot(this.#server.ports.mount, path, reservedPort + place), place)
      const root = world.handles.choose(new Random(0, 0), 'directory', place)
      for (let i = 0; i < 14; i++) world.sawEntry(root, Buffer.from(`n${i}`), new Random(0, i))
    }
  }

  async #send(
    records: Records,
    lanes: Lanes,
    ledger: Ledger,
    janitor: Janitor,
    ended: () => string | undefined,
  ): Promise<void> {
    const { from, count, progress } = this.#options
    const sampleEvery = Math.max(1, Math.floor(count / samplesWanted))
    for (let sent = 0; sent < count && ended() === undefined; sent++) {
      const record = records.make(from + sent)
      if (
        record.origin === 'broken framing' ||
        (record.transport === 'tcp' && record.expectation.kind === 'nothing')
      ) {
        ledger.openBroken(record)
        await this.#breakOff(ledger, record)
      } else {
        await lanes.send(record)
      }
      if (sent % 500 === 499) {
        lanes.sweep()
        await janitor.clean()
      }
      if (sent % sampleEvery === sampleEvery - 1) {
        await lanes.freeLocks()
        const sample = await this.#server.sample(sent + 1)
        this.#samples.push(sample)
        progress(`${ledger.findings.length} findings; ${describe(sample)}`)
      }
    }
  }

  /** What is left in the end of what was not there before. */
  async #settle(first: Sample): Promise<string[]> {
    const deadline = performance.now() + settleMsMax
    for (;;) {
      const last = await this.#server.sample(0)
      const left = leftOver(first, last)
      if (!this.#options.settles) return last.locks > 0 ? [`${last.locks} locks are left`] : []
      if (left.length === 0 || performance.now() > deadline) return left
      await setTimeout(1000)
    }
  }

  async #breakOff(ledger: Ledger, record: Parameters<typeof sendBroken>[1]): Promise<void> {
    while (this.#broken.size >= brokenAtOnce) await Promise.race(this.#broken)
    const done: Promise<void> = sendBroken(ledger, record, this.#server.ports[record.service])
      .catch((error) => ledger.report(`broken framing: ${error}`, record))
      .finally(() => this.#broken.delete(done))
    this.#broken.add(done)
  }
}
