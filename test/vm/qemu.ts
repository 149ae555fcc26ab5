/** One QEMU process: its arguments, its console log, its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireProgram } from './command.ts'
import type { RunScope } from './run-scope.ts'
import type { SharedMemory } from './shared-memory.ts'

export type Acceleration = 'tcg' | 'kvm'

export interface QemuOptions {
  /** Names the VM's files in the scope's directory. */
  readonly name: string
  readonly vmlinuz: string
  readonly initramfs: string
  readonly acceleration: Acceleration
  readonly cpus: number
  readonly memoryMiB: number
  readonly sharedMemory?: SharedMemory
  /** Kernel command line, after the console settings. */
  readonly kernelParameters: readonly string[]
  /** Devices besides the console and the agent's port. */
  readonly deviceArguments: readonly string[]
  /** Join a second console (hvc0) to a socket: `console.sock`. */
  readonly interactive: boolean
  /** Where to run QEMU: the network's namespace. */
  readonly inside: (argv: readonly string[]) => string[]
}

export class Qemu {
  readonly agentSocket: string
  readonly consoleSocket: string
  readonly #consoleLog: string
  readonly #process: ChildProcess
  #standardError = ''
  /** Resolves when QEMU has ended, with a sentence about how. */
  readonly ended: Promise<string>

  constructor(scope: RunScope, options: QemuOptions) {
    const file = (suffix: string) => join(scope.directory, `${options.name}.${suffix}`)
    this.agentSocket = file('agent')
    this.consoleSocket = file('hvc')
    this.#consoleLog = file('console')
    const qemu = requireProgram('qemu-system-x86_64', 'qemu-system-x86')
    const setpriv = requireProgram('setpriv', 'util-linux')
    // The kernel ends QEMU if we die without a chance to clean up.
    const argv = [setpriv, '--pdeathsig', 'KILL', qemu, ...this.#arguments(options)]
    const [program, ...args] = options.inside(argv)
    const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = child
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#standardError += text
    })
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(`QEMU did not start: ${error.message}`))
      child.once('close', (code, signal) => resolve(`QEMU ended with ${signal ?? `exit code ${code}`}`))
    })
    scope.onClose(() => this.kill())
  }

  #arguments(options: QemuOptions): string[] {
    const { cpus } = options
    const accelerator = options.acceleration === 'kvm' ? 'kvm' : 'tcg,thread=multi'
    // QEMU 7.2 at times emulates cmpxchg16b with a wrong outcome in the flags; kernels from 6.5 on use it in
    // kmalloc and crash. Without the CPU feature they take another way.
    const cpu = options.acceleration === 'kvm' ? 'max' : 'max,cx16=off'
    const parameters = ['console=ttyS0', 'quiet', 'panic=-1', 'no_timer_check', 'mitigations=off']
    const interactive = [
      ...['-chardev', `socket,id=hvc,path=${this.consoleSocket},server=on,wait=off`],
      ...['-device', 'virtconsole,chardev=hvc'],
    ]
    return [
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
      // maxcpus of at least 2: with one CPU QEMU's emulation does not make atomic operations atomic towards
      // other processes that share memory with the VM.
      ...['-accel', accelerator, '-cpu', cpu, '-smp', `${cpus},maxcpus=${Math.max(2, cpus)}`],
      ...memoryArguments(options),
      ...['-kernel', options.vmlinuz, '-initrd', options.initramfs],
      ...['-append', [...parameters, ...options.kernelParameters].join(' ')],
      ...['-serial', `file:${this.#consoleLog}`, '-device', 'virtio-serial-pci'],
      ...['-chardev', `socket,id=agent,path=${this.agentSocket},server=on,wait=off`],
      ...['-device', 'virtserialport,chardev=agent,name=fsva.agent'],
      ...(options.interactive ? interactive : []),
      ...['-object', 'rng-random,filename=/dev/urandom,id=rng', '-device', 'virtio-rng-pci,rng=rng'],
      ...options.deviceArguments,
    ]
  }

  /** The last lines of the VM's console and of QEMU's own messages, for error messages. */
  consoleTail(lines = 25): string {
    let log = ''
    try {
      log = readFileSync(this.#consoleLog, 'latin1')
    } catch {
      log = '(no console output)'
    }
    const text = log.replaceAll('\r', '') + (this.#standardError && `\nqemu: ${this.#standardError}`)
    return text.trimEnd().split('\n').slice(-lines).join('\n')
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}

/** Room in the address space above the memory: where an NVDIMM lies is the firmware's to choose. */
const maxMiB = 8192

function memoryArguments({ memoryMiB, sharedMemory }: QemuOptions): string[] {
  if (sharedMemory === undefined) return ['-M', 'q35', '-m', String(memoryMiB)]
  const { path, bytes } = sharedMemory
  return [
    ...['-M', 'q35,nvdimm=on', '-m', `${memoryMiB},slots=1,maxmem=${maxMiB}M`],
    ...['-object', `memory-backend-file,id=shared,share=on,mem-path=${path},size=${bytes}`],
    ...['-device', 'nvdimm,memdev=shared'],
  ]
}
