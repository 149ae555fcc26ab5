/** The real fsva-nfsd, started to be fuzzed: its ports, its metrics and its log. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { NfsdProcess } from '../protocol/nfsd-process.ts'
import type { Service } from './catalogue.ts'
import type { Scene } from './scene.ts'
import { type Sample, takeSample } from './watch.ts'

const measured = pathToFileURL(join(import.meta.dirname, 'measured.ts')).href
const portmapPort = 111

/** Calls of a procedure that the server has counted, by status. */
export type CallCounts = ReadonlyMap<string, ReadonlyMap<string, number>>

export class FuzzedServer {
  readonly #process: NfsdProcess
  readonly #measureFile: string
  readonly ports: Readonly<Record<Service, number>>
  readonly #metricsPort: number

  private constructor(
    child: NfsdProcess,
    measureFile: string,
    ports: Readonly<Record<Service, number>>,
    metricsPort: number,
  ) {
    this.#process = child
    this.#measureFile = measureFile
    this.ports = ports
    this.#metricsPort = metricsPort
  }

  /** `leakBytes`: what it shall lose per call. */
  static async start(scene: Scene, leakBytes: number): Promise<FuzzedServer> {
    const measureFile = join(scene.directory, 'measured')
    const env = {
      NODE_OPTIONS: `--import ${measured}`,
      FSVA_FUZZ_MEASURE: measureFile,
      FSVA_FUZZ_LEAK: String(leakBytes),
    }
    const child = new NfsdProcess(['--config', scene.config], { env })
    const { nfs, mount, metrics } = await child.ready()
    return new FuzzedServer(child, measureFile, { nfs, mount, portmap: portmapPort }, metrics!)
  }

  /** What its end was, if it has ended. */
  get ended(): Promise<string> {
    return this.#process.ended.then(({ code, signal }) => `exit code ${code}, signal ${signal}`)
  }

  async sample(records: number): Promise<Sample> {
    return await takeSample(this.#process.pid, this.#measureFile, records, await this.#metric('fsva_locks'))
  }

  async #metric(name: string): Promise<number> {
    const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(await this.#metrics())
    return Number(found?.[1])
  }

  /** By program, version and procedure: 'nfs 3 GETATTR'. */
  async calls(): Promise<CallCounts> {
    const counts = new Map<string, Map<string, number>>()
    const line =
      /^fsva_calls_total\{program="(\w+)",version="(\d+)",procedure="(\w+)",status="(\w+)"\} (\d+)$/gm
    for (const [, program, version, procedure, status, count] of (await this.#metrics()).matchAll(line)) {
      const key = `${program} ${version} ${procedure}`
      const entry = counts.get(key) ?? new Map<string, number>()
      counts.set(key, entry.set(status!, Number(count)))
    }
    return counts
  }

  async #metrics(): Promise<string> {
    return await (await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`)).text()
  }

  /** Asks it to stop; its exit code. */
  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM')
    return (await this.#process.ended).code
  }

  /** Lines of the log that say that the server did not expect what it met. */
  get complaints(): string[] {
    const lines = `${this.#process.stdout}\n${this.#process.stderr}`.split('\n')
    return lines.filter((line) => /"level":(5|6)0|unexpected|internal error|panicked|Warning:/i.test(line))
  }

  get lastOutput(): string {
    return `${this.#process.stdout.slice(-1000)}\n${this.#process.stderr.slice(-4000)}`
  }

  /** Ends it, however it is. */
  close(): Promise<void> {
    return this.#process.close()
  }
}
