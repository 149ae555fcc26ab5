/** A user VM: stock kernel, stock NFS client, and a way to run scripts in it. */
import { performance } from 'node:perf_hooks'
import { chooseAcceleration } from './acceleration.ts'
import { AgentChannel, type RunResult } from './agent-channel.ts'
import { buildInitramfs } from './initramfs.ts'
import { fetchKernel, type KernelName } from './kernel.ts'
import type { Attachment } from './network.ts'
import { type Acceleration, Qemu } from './qemu.ts'
import type { RunScope } from './run-scope.ts'
import type { SharedMemory } from './shared-memory.ts'

export interface VmOptions {
  readonly name: string
  readonly kernel?: KernelName
  readonly acceleration?: Acceleration
  readonly cpus?: number
  readonly memoryMiB?: number
  /** Becomes /dev/dax0.0 by `setUpDevice`. */
  readonly sharedMemory?: SharedMemory
  readonly attachment: Attachment
  readonly inside: (argv: readonly string[]) => string[]
  /** More QEMU devices, disks for one. */
  readonly deviceArguments?: readonly string[]
  readonly interactive?: boolean
}

export interface RunOptions {
  readonly uid?: number
  /** Defaults to the uid. */
  readonly gid?: number
  readonly groups?: readonly number[]
  readonly input?: string | Uint8Array
  /** Default: two minutes. A script that takes longer is killed and the run fails. */
  readonly timeoutMs?: number
  /** Gets standard output as it comes. */
  readonly onStdout?: (chunk: Buffer) => void
}

/** A script that ended with a code other than 0, or did not end. */
export class ScriptError extends Error {}

// Many times what it takes: the machine may be busy with something else.
const bootTimeoutMs = 120_000
const runTimeoutMs = 120_000

export class Vm {
  readonly name: string
  /** Without prefix length. */
  readonly address: string
  readonly kernelVersion: string
  readonly acceleration: Acceleration
  /** From starting QEMU to the agent's first word. */
  readonly bootMs: number
  readonly qemu: Qemu
  readonly #channel: AgentChannel

  private constructor(
    options: VmOptions,
    qemu: Qemu,
    channel: AgentChannel,
    bootMs: number,
    kernelVersion: string,
    acceleration: Acceleration,
  ) {
    this.name = options.name
    this.address = options.attachment.address.split('/')[0]!
    this.qemu = qemu
    this.#channel = channel
    this.bootMs = bootMs
    this.kernelVersion = kernelVersion
    this.acceleration = acceleration
  }

  static async boot(scope: RunScope, options: VmOptions): Promise<Vm> {
    const kernel = await fetchKernel(options.kernel)
    const initramfs = await buildInitramfs(kernel)
    const acceleration = options.acceleration ?? (await chooseAcceleration(kernel, initramfs))
    const started = performance.now()
    const qemu = new Qemu(scope, {
      name: options.name,
      vmlinuz: kernel.vmlinuz,
      initramfs,
      acceleration,
      cpus: options.cpus ?? 2,
      memoryMiB: options.memoryMiB ?? 768,
      ...(options.sharedMemory && { sharedMemory: options.sharedMemory }),
      kernelParameters: [
        `fsva.ip=${options.attachment.address}`,
        `fsva.host=${options.name}`,
        ...(options.interactive ? ['fsva.shell=1'] : []),
      ],
      deviceArguments: [...options.attachment.qemuArguments, ...(options.deviceArguments ?? [])],
      interactive: options.interactive ?? false,
      inside: options.inside,
    })
    const channel = await connectAgent(qemu, options.name)
    return new Vm(options, qemu, channel, performance.now() - started, kernel.version, acceleration)
  }

  /** Runs a shell script and answers whatever came of it. Several may run at the same time. */
  run(script: string | Uint8Array, options: RunOptions = {}): Promise<RunResult> {
    const running = this.#run(script, options)
    // A run that nobody waits for any more when the VM is switched off has not failed.
    running.catch(() => {})
    return running
  }

  async #run(script: string | Uint8Array, options: RunOptions): Promise<RunResult> {
    const uid = options.uid ?? 0
    const who = { uid, gid: options.gid ?? uid, groups: options.groups ?? [] }
    const input = Buffer.from((options.input ?? '') as Uint8Array)
    const { id, result } = this.#channel.run(script, who, input, options.onStdout)
    const timeoutMs = options.timeoutMs ?? runTimeoutMs
    const timer = setTimeout(() => this.#channel.kill(id), timeoutMs)
    // A process stuck in the kernel (a hard mount of a dead server) does not die of SIGKILL.
    const hung = Promise.withResolvers<never>()
    const hungTimer = setTimeout(() => hung.reject(this.#timeoutError(script, timeoutMs)), timeoutMs + 2000)
    try {
      const answer = await Promise.race([result, hung.promise])
      if (answer.exitCode === 137 && answer.durationMs >= timeoutMs)
        throw this.#timeoutError(script, timeoutMs)
      return answer
    } finally {
      clearTimeout(timer)
      clearTimeout(hungTimer)
    }
  }

  /** Runs a script that must succeed; answers its standard output as text, without the last newline. */
  async sh(script: string, options: RunOptions = {}): Promise<string> {
    const result = await this.run(`set -e\n${script}`, options)
    if (result.exitCode === 0) return result.stdout.toString().replace(/\n$/, '')
    throw new ScriptError(
      `in ${this.name}, exit code ${result.exitCode}: ${excerpt(script)}\n${result.stdout.toString().slice(-2000)}\n` +
        `${result.stderr.toString().slice(-4000)}`,
    )
  }

  /** Ends the VM at once, as if the power had failed. */
  async powerOff(): Promise<void> {
    this.#channel.close()
    this.qemu.kill()
    await this.qemu.ended
  }

  #timeoutError(script: string | Uint8Array, timeoutMs: number): ScriptError {
    const text = typeof script === 'string' ? excerpt(script) : 'script'
    return new ScriptError(
      `in ${this.name}, no end after ${timeoutMs} ms: ${text}\nconsole:\n${this.qemu.consoleTail()}`,
    )
  }
}

/** Waits for the agent; if QEMU ends or time runs out before, the error shows the console. */
async function connectAgent(qemu: Qemu, name: string): Promise<AgentChannel> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`no sign of life after ${bootTimeoutMs} ms`)),
    bootTimeoutMs,
  )
  const died = qemu.ended.then((how): never => {
    throw new Error(how)
  })
  try {
    const channel = await Promise.race([
      AgentChannel.connect(qemu.agentSocket, Date.now() + bootTimeoutMs),
      died,
      late.promise,
    ])
    await Promise.race([channel.ready, died, late.promise])
    died.catch((error: Error) => channel.fail(new Error(`${name}: ${error.message}\n${qemu.consoleTail()}`)))
    return channel
  } catch (error) {
    throw new Error(`VM ${name} did not boot: ${(error as Error).message}\nconsole:\n${qemu.consoleTail()}`)
  } finally {
    died.catch(() => {})
    clearTimeout(timer)
  }
}

function excerpt(script: string): string {
  const text = script.trim().replace(/^set -e\n/, '')
  return text.length > 400 ? `${text.slice(0, 400)}...` : text
}
