/**
 * How soon a stock client sees what others change, and what it asks the server for: without a channel, with it, and with the
 * same mount whose channel tells nothing. Three VMs: the appliance, the user VM that looks, and one more that changes.
 *
 *     npm run bench -- coherence [REPEATS]
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { timeoutsFor } from '../../fsva-client/agent/side-channel-timeouts.ts'
import { TwoVms } from './two-vms.ts'
import type { Vm } from './user-vm.ts'

/** Plain NFS as mount(8) makes it; the channel; the channel's mount without its notices. */
export const modes = ['plain', 'channel', 'no-pushes'] as const
export type Mode = (typeof modes)[number]
/** A file's attributes; a directory's list by a descriptor that stays open; a name that was not there. */
export const looks = ['file', 'directory', 'negative'] as const
export type Look = (typeof looks)[number]
/** A program in the appliance, or one in another user VM. */
export const makers = ['appliance', 'user-vm-2'] as const
export type Maker = (typeof makers)[number]

/**
 * Milliseconds from when whoever made the change said so until it was seen, sorted. Both are heard of outside the VMs, by ways
 * of the same length: less than nothing is what was seen before it was said.
 */
export type Delays = Readonly<Record<Maker, Readonly<Record<Look, readonly number[]>>>>

export interface StatusFigures {
  /** `git status`, one after the other, behind a first one. */
  readonly runs: number
  readonly files: number
  /** Calls of the server, by procedure; together with all others. */
  readonly getattr: number
  readonly lookup: number
  readonly access: number
  readonly calls: number
  readonly seconds: number
}

export interface CoherenceFigures {
  readonly kernel: string
  readonly delays: Readonly<Record<Mode, Delays>>
  readonly status: Readonly<Record<'plain' | 'channel', StatusFigures>>
}

export interface FiguresOptions {
  /** Changes per mode and maker; where nobody tells, each can take a minute. */
  readonly repeats: Readonly<Record<Mode, number>>
  readonly statusRuns: number
  readonly report?: (line: string) => void
}

export const defaultOptions: FiguresOptions = {
  repeats: { plain: 3, channel: 20, 'no-pushes': 1 },
  statusRuns: 10,
}

const channelBytes = 32 << 20
const directories = 50
const filesEach = 100
/** Two minutes are twice what any mount here believes. */
const seenTimeoutMs = 120_000
const slowMs = 600_000

export async function coherenceFigures(options: FiguresOptions = defaultOptions): Promise<CoherenceFigures> {
  const report = options.report ?? (() => {})
  const bytes = 2 * channelBytes + (2 << 20)
  const layout = await TwoVms.start({ fileSystem: 'ext4', userVms: 2, sharedMemory: { bytes } })
  try {
    const looker = await layout.userVm({ number: 0, fsvaClient: true })
    const other = await layout.userVm({ number: 1 })
    await other.sh(layout.mountCommand(1))
    await makeRepository(layout)
    const scene = new Scene(layout, looker, other)
    const delays = {} as Record<Mode, Delays>
    const status = {} as Record<'plain' | 'channel', StatusFigures>
    for (const mode of modes) {
      report(`${mode}: ${await scene.mount(mode)}`)
      if (mode !== 'no-pushes') {
        status[mode] = await scene.status(options.statusRuns)
        report(`${mode}: ${JSON.stringify(status[mode])}`)
      }
      delays[mode] = await scene.delays(options.repeats[mode])
      report(`${mode}: ${JSON.stringify(delays[mode])}`)
      await scene.umount(mode)
    }
    return { kernel: looker.kernelVersion, delays, status }
  } finally {
    await layout.close()
  }
}

/** A tree under version control, made where it costs least. */
async function makeRepository(layout: TwoVms): Promise<void> {
  await layout.fsva.vm.sh(
    `mkdir ${layout.exportDirectory}/tree && cd ${layout.exportDirectory}/tree
    git init -q . && git config user.name fsva && git config user.email fsva@localhost
    for d in $(seq ${directories}); do
      mkdir d$d
      for f in $(seq ${filesEach}); do echo $d $f > d$d/f$f; done
    done
    sleep 2; git add -A && git commit -qm all && git status`,
    { timeoutMs: slowMs },
  )
}

class Scene {
  readonly #layout: TwoVms
  readonly #looker: Vm
  readonly #other: Vm
  #changes = 0

  constructor(layout: TwoVms, looker: Vm, other: Vm) {
    this.#layout = layout
    this.#looker = looker
    this.#other = other
  }

  /** Answers the mount's options. */
  async mount(mode: Mode): Promise<string> {
    const target = this.#layout.target(0)
    if (mode === 'plain') await this.#looker.sh(this.#layout.mountCommand(0))
    else {
      // As of an export that is watched completely: the same mount for both, whatever this one is.
      const timeouts = Object.entries(timeoutsFor('complete')!).map(([name, seconds]) => `${name}=${seconds}`)
      const pushes = mode === 'channel' ? '' : '--no-pushes'
      const command = `fsva-client mount --require-side-channel ${pushes} -o ${timeouts.join(',')} ${target} /mnt`
      await this.#looker.sh(command, { timeoutMs: slowMs })
    }
    // What is told when a channel is new is over.
    await sleep(10_000)
    return await this.#looker.sh('grep " /mnt nfs " /proc/mounts')
  }

  async umount(mode: Mode): Promise<void> {
    await this.#looker.sh(mode === 'plain' ? 'umount /mnt' : 'fsva-client umount /mnt', { timeoutMs: slowMs })
  }

  async delays(repeats: number): Promise<Delays> {
    const delays = {} as Record<Maker, Record<Look, number[]>>
    for (const maker of makers) {
      delays[maker] = { file: [], directory: [], negative: [] }
      for (let repeat = 0; repeat < repeats; repeat++) {
        const found = await this.#change(maker)
        for (const look of looks) delays[maker][look].push(Math.round(found[look]))
      }
      for (const look of looks) delays[maker][look].sort((a, b) => a - b)
    }
    return delays
  }

  /** One change of each kind, one after the other; answers when each was seen, in milliseconds behind it. */
  async #change(maker: Maker): Promise<Record<Look, number>> {
    const name = `change${++this.#changes}`
    const [vm, root] =
      maker === 'appliance' ? [this.#layout.fsva.vm, this.#layout.exportDirectory] : [this.#other, '/mnt']
    const at = `${root}/${name}`
    await vm.sh(`mkdir -p ${at}/listed ${at}/missing && touch ${at}/listed/one && printf 12 > ${at}/file`)
    const commands: Record<Look, string> = {
      file: `size /mnt/${name}/file 4`,
      directory: `names /mnt/${name}/listed 2`,
      negative: `size /mnt/${name}/missing/new 1`,
    }
    const watched = looks.map((look) => this.#watch(commands[look]))
    await Promise.all(watched.map(({ waiting }) => waiting))
    // They have looked more than once, and nothing is younger than a tick.
    await sleep(500)
    const madeAt: Partial<Record<Look, number>> = {}
    let said = ''
    const changes = `printf 1234 > ${at}/file; echo file
      : > ${at}/listed/two; echo directory
      printf 1 > ${at}/missing/new; echo negative`
    await vm.sh(changes, {
      onStdout: (chunk) => {
        said += chunk
        for (const look of looks) if (said.includes(look)) madeAt[look] ??= performance.now()
      },
    })
    const seen = await Promise.all(watched.map(({ seen }) => seen))
    return Object.fromEntries(looks.map((look, index) => [look, seen[index]! - madeAt[look]!])) as Record<
      Look,
      number
    >
  }

  #watch(what: string): { waiting: Promise<void>; seen: Promise<number> } {
    const waiting = Promise.withResolvers<void>()
    let seenAt = 0
    const run = this.#looker.run(`exec fsva-await ${what}`, {
      timeoutMs: seenTimeoutMs,
      onStdout: (chunk) => {
        waiting.resolve()
        if (chunk.includes('seen')) seenAt = performance.now()
      },
    })
    const seen = run.then(({ exitCode, stderr }) => {
      if (exitCode !== 0) throw new Error(`await ${what}: exit code ${exitCode}: ${stderr}`)
      return seenAt
    })
    seen.catch((error: Error) => waiting.reject(error))
    return { waiting: waiting.promise, seen }
  }

  /** What it takes to find out that nothing changed. */
  async status(runs: number): Promise<StatusFigures> {
    const status = 'cd /mnt/tree && test -z "$(git status --porcelain)"'
    await this.#looker.sh(status, { timeoutMs: slowMs })
    const before = await this.#layout.calls()
    const start = performance.now()
    for (let run = 0; run < runs; run++) await this.#looker.sh(status, { timeoutMs: slowMs })
    const seconds = (performance.now() - start) / 1000
    const after = await this.#layout.calls()
    const more = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    const sum = (calls: ReadonlyMap<string, number>) => [...calls.values()].reduce((a, b) => a + b, 0)
    return {
      runs,
      files: directories * filesEach,
      getattr: more('nfs.GETATTR'),
      lookup: more('nfs.LOOKUP'),
      access: more('nfs.ACCESS'),
      calls: sum(after) - sum(before),
      seconds: Math.round(seconds * 10) / 10,
    }
  }
}

/** Median and worst of each, in a table of Markdown. */
export function figuresTable({ kernel, delays, status }: CoherenceFigures): string {
  const cell = (sorted: readonly number[]) =>
    sorted.length === 0 ? '-' : `${sorted[Math.floor((sorted.length - 1) / 2)]} / ${sorted.at(-1)}`
  const rows = makers.flatMap((maker) =>
    looks.map((look) => [`${look}, by ${maker}`, ...modes.map((mode) => cell(delays[mode][maker][look]))]),
  )
  const calls = (['getattr', 'lookup', 'access', 'calls', 'seconds'] as const).map((name) => [
    `${status.plain.runs} \`git status\` of ${status.plain.files} files: ${name}`,
    `${status.plain[name]}`,
    `${status.channel[name]}`,
    '',
  ])
  const head = [`ms until seen, median / worst (Linux ${kernel})`, ...modes]
  return [head, head.map(() => '---'), ...rows, ...calls].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

if (process.argv[1] === import.meta.filename) {
  const channel = Number(process.argv[2] ?? defaultOptions.repeats.channel)
  const report = (line: string) => process.stderr.write(`${line}\n`)
  const repeats = { ...defaultOptions.repeats, channel }
  process.stdout.write(`${figuresTable(await coherenceFigures({ ...defaultOptions, repeats, report }))}\n`)
}
