/** Workers (programs/promises.c) in the user VM, what they were promised, and whether it was kept. */
import type { RunResult } from './agent-channel.ts'
import { PromiseLog } from './promise-log.ts'
import { type Entry, parseDump } from './promised-tree.ts'
import type { Vm } from './user-vm.ts'

export type WorkerKind = 'names' | 'mixed' | 'sync' | 'stream'

export interface Worker {
  readonly volume: string
  readonly kind: WorkerKind
  /** Below the volume's root. */
  readonly directory: string
  readonly log: PromiseLog
}

const runMs = 3_600_000

export class PowerCutLoad {
  readonly workers: readonly Worker[]
  readonly #vm: Vm
  readonly #name: string
  readonly #offsets = new Map<Worker, number>()
  readonly #running: Promise<RunResult>

  /** `name`: unique; what they work on is new. `kinds` by volume. */
  constructor(vm: Vm, name: string, seed: number, kinds: ReadonlyMap<string, readonly WorkerKind[]>) {
    this.#vm = vm
    this.#name = name
    this.workers = [...kinds].flatMap(([volume, list]) =>
      list.map((kind, index) => {
        return { volume, kind, directory: `${name}-${kind}-${index}`, log: new PromiseLog() }
      }),
    )
    const lines = this.workers.map((worker, index) => {
      const root = `${worker.kind === 'sync' ? '/sync' : '/mnt'}/${worker.volume}/${worker.directory}`
      const log = this.#log(worker)
      return `mkdir ${root} && fsva-promises run ${worker.kind} ${root} ${log} ${seed + index} /tmp/stop-${name} &`
    })
    const script = `mkdir -p /tmp/log && cd /tmp/log\n${lines.join('\n')}\nwait`
    this.#running = vm.run(script, { timeoutMs: runMs })
  }

  /** Reads what has been logged since the last time. */
  async read(): Promise<void> {
    const parts = this.workers.map((worker) => {
      const from = (this.#offsets.get(worker) ?? 0) + 1
      return `echo "@"; tail -c +${from} ${this.#log(worker)} 2> /dev/null || true`
    })
    const texts = `\n${await this.#vm.sh(`${parts.join('\n')}\necho "@"`)}`.split('\n@').slice(1, -1)
    for (const [index, worker] of this.workers.entries()) {
      // Every line was written at once, so there are only whole ones.
      const text = `${texts[index]!.replace(/^\n/, '')}\n`
      if (text === '\n') continue
      worker.log.feed(text)
      this.#offsets.set(worker, (this.#offsets.get(worker) ?? 0) + Buffer.byteLength(text))
    }
  }

  /** Lets the workers come to an end. */
  async stop(): Promise<void> {
    await this.#vm.sh(`touch /tmp/stop-${this.#name}`)
    const { stdout, stderr } = await this.#running
    const said = stdout.toString() + stderr.toString()
    if (said !== '') throw new Error(`the workers said: ${said}`)
    await this.read()
  }

  /** What was not kept on a volume, as it is seen below `root` in a VM. */
  async broken(vm: Vm, root: string, volume: string): Promise<string[]> {
    const lines: string[] = []
    for (const worker of this.workers.filter((worker) => worker.volume === volume)) {
      for (const line of worker.log.broken(await dump(vm, `${root}/${volume}/${worker.directory}`)))
        lines.push(`${volume}: ${worker.kind}: ${line}`)
    }
    return lines
  }

  #log(worker: Worker): string {
    return `/tmp/log/${worker.volume}-${worker.directory}`
  }
}

/** All that is below a directory; nothing if it is not there. */
async function dump(vm: Vm, directory: string): Promise<Entry[]> {
  const script = `[ ! -d ${directory} ] || fsva-promises dump ${directory}`
  return parseDump(await vm.sh(script, { timeoutMs: 300_000 }))
}
