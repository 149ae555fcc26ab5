/** fsva-nfsd as a process of this machine, where the VMs can reach it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withTestWorkers } from '../fixtures/test-workers.ts'
import { repositoryRoot } from './cache.ts'
import { command, requireProgram } from './command.ts'
import type { Network } from './network.ts'
import { findReadyLine, type Ports, parseCalls, parseReadyLine } from './nfsd-output.ts'
import type { RunScope } from './run-scope.ts'

const startTimeoutMs = 60_000
const stopTimeoutMs = 30_000

export interface NfsdOptions {
  readonly exports: readonly string[]
  /** Default: the client's root is root here, so that a test may make whatever it wants. */
  readonly squash?: 'root_squash' | 'no_root_squash' | 'all_squash'
  readonly arguments?: readonly string[]
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>
}

const squashArguments = {
  root_squash: [],
  no_root_squash: ['--no-root-squash'],
  all_squash: ['--all-squash'],
}

export class Nfsd {
  readonly logFile: string
  readonly #network: Network
  #options: NfsdOptions
  readonly stateDirectory: string
  #process: ChildProcess | undefined
  #ports: Ports | undefined

  private constructor(scope: RunScope, network: Network, options: NfsdOptions) {
    this.#network = network
    this.#options = options
    this.logFile = join(scope.directory, 'nfsd.log')
    this.stateDirectory = join(scope.directory, 'nfsd-state')
    scope.onClose(() => this.#process?.kill('SIGKILL'))
  }

  static async start(scope: RunScope, network: Network, options: NfsdOptions): Promise<Nfsd> {
    const server = new Nfsd(scope, network, options)
    await server.start()
    return server
  }

  /** Starts the server, again on the ports it had before, and waits until it says that it is ready. */
  async start(): Promise<void> {
    const setpriv = requireProgram('setpriv', 'util-linux')
    const node = [setpriv, '--pdeathsig', 'KILL', process.execPath]
    const [program, ...args] = this.#network.inside([...node, nfsdProgram, ...this.#arguments()])
    const log = openSync(this.logFile, 'a')
    const child = spawn(program!, args, {
      stdio: ['ignore', 'pipe', log],
      cwd: repositoryRoot,
      env: { ...process.env, ...this.#options.environment },
    })
    closeSync(log)
    this.#process = child
    const ready = Promise.withResolvers<string>()
    let output = ''
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const line = findReadyLine(output)
      if (line !== undefined) ready.resolve(line)
    })
    child.once('error', (error) => ready.reject(error))
    child.once('close', (code, signal) =>
      ready.reject(new Error(`it ended with ${signal ?? `exit code ${code}`}`)),
    )
    const timer = setTimeout(
      () => ready.reject(new Error(`not ready after ${startTimeoutMs} ms`)),
      startTimeoutMs,
    )
    try {
      this.#ports = parseReadyLine(await ready.promise)
    } catch (error) {
      child.kill('SIGKILL')
      throw new Error(`fsva-nfsd did not start: ${(error as Error).message}\n${output}${this.logTail()}`)
    } finally {
      clearTimeout(timer)
    }
  }

  #arguments(): readonly string[] {
    const { exports, squash = 'no_root_squash' } = this.#options
    const ports = this.#ports
    const fixed = ['--rpcbind', 'serve']
    const free = [
      '--no-rpcbind',
      '--insecure',
      '--port',
      `${ports?.nfs ?? 0}`,
      '--mount-port',
      `${ports?.mount ?? 0}`,
    ]
    return withTestWorkers([
      ...exports.flatMap((directory) => ['--export', directory]),
      ...['--listen', this.#network.listenAddress, '--state-dir', this.stateDirectory],
      ...['--metrics-port', '0', '--log-format', 'json'],
      ...(this.#network.kind === 'namespace' ? fixed : free),
      ...squashArguments[squash],
      ...(this.#options.arguments ?? []),
    ])
  }

  /** Changes options from the next start on. */
  reconfigure(changed: Partial<NfsdOptions>): void {
    this.#options = { ...this.#options, ...changed }
  }

  /** Resolves when the process that was started last has ended. */
  async ended(): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    await new Promise((resolve) => child.once('exit', resolve))
  }

  /** Ends the server by a signal and waits for its end; answers its exit code, null if the signal killed it. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.kill(signal)
    const timeout = sleep(stopTimeoutMs, 'late' as const, { ref: false })
    const result = await Promise.race([ended, timeout])
    if (result !== 'late') return result
    child.kill('SIGKILL')
    throw new Error(`fsva-nfsd did not end within ${stopTimeoutMs} ms of ${signal}\n${this.logTail()}`)
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.stop(signal)
    await this.start()
  }

  /** Those of the server that was started last. */
  get ports(): Ports {
    return this.#ports!
  }

  /** Options for the client's mount command: none besides nolock where port 111 answers. */
  get mountOptions(): string {
    if (this.#network.kind === 'namespace') return 'nolock'
    const ports = this.#ports!
    return `nolock,vers=3,proto=tcp,port=${ports.nfs},mountproto=tcp,mountport=${ports.mount}`
  }

  /** Calls answered so far by procedure, as `nfs.READ`: from the server's own metrics. */
  async calls(): Promise<Map<string, number>> {
    return parseCalls(await this.metrics())
  }

  /** As Prometheus reads them. */
  async metrics(): Promise<string> {
    const url = `http://127.0.0.1:${this.#ports!.metrics}/metrics`
    const script = `process.stdout.write(await (await fetch(${JSON.stringify(url)})).text())`
    const node = [process.execPath, '--input-type=module', '-e', script]
    const [program, ...args] = this.#network.inside(node)
    return await command(program!, args, { timeoutMs: 60_000 })
  }

  logTail(lines = 20): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  }
}

const nfsdProgram = join(repositoryRoot, 'nfs-server', 'bin', 'fsva-nfsd.js')
