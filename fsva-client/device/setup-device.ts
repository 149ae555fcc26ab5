/** Makes /dev/daxN.M of memory that two VMs share, as ndctl's create-namespace --mode=devdax --map=mem would. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError, ExitCode } from '../exit-codes.ts'
import type { KernelTree } from './kernel-tree.ts'
import { checkUnused, chooseNamespace, type Namespace } from './namespace.ts'

const drivers = '/sys/bus/nd/drivers'
const daxDevices = '/sys/bus/dax/devices'
/** What finds the memory (either of the first two), and what makes a character device of it. */
const modules = ['nfit', 'virtio_pmem', 'nd_pmem', 'dax_pmem', 'device_dax']
/** Pages of 2 MiB: the first holds the kernel's own note of what this is, the others are ours. */
const alignBytes = 2 * 1024 * 1024
const appearAttempts = 200
const appearPauseMs = 50

export interface SetupRequest {
  /** Default: the only one. */
  readonly namespace: string | undefined
  /** The device must have as many. */
  readonly bytesMin: number
  /** Whatever the memory holds. */
  readonly force: boolean
}

export interface DaxDevice {
  readonly path: string
  readonly bytes: number
}

/** Does nothing to a device that is there already. Each thing done is handed to `report`. Throws ClientError. */
export async function setUpDevice(
  kernel: KernelTree,
  request: SetupRequest,
  report: (done: string) => void,
): Promise<DaxDevice> {
  const missing: string[] = []
  for (const module of modules) {
    const failure = await kernel.loadModule(module)
    if (failure !== undefined) missing.push(`${module} (${failure})`)
  }
  checkDrivers(kernel, missing)
  const namespace = chooseNamespace(kernel, request.namespace)
  report(`${namespace.name} has ${namespace.bytes} bytes`)
  if (kernel.exists(`${daxDevices}/${namespace.dax}`)) report(`${namespace.dax} is there already`)
  else await new Setup(kernel, namespace, report).run(request.force)
  return await ready(kernel, namespace, request.bytesMin)
}

function checkDrivers(kernel: KernelTree, missing: readonly string[]): void {
  const needed = ['/sys/bus/nd/devices', `${drivers}/nd_pmem`, `${drivers}/dax_pmem`, daxDevices]
  const absent = needed.filter((path) => !kernel.exists(path))
  if (absent.length === 0) return
  throw new ClientError(
    ExitCode.notSupported,
    `this kernel cannot make a device of shared memory: no ${absent.join(', no ')}`,
    missing.length === 0 ? 'run a kernel with CONFIG_DEV_DAX_PMEM' : `not loaded: ${missing.join('; ')}`,
  )
}

/** One namespace on its way from a disk to a character device. */
class Setup {
  readonly #kernel: KernelTree
  readonly #namespace: Namespace
  readonly #report: (done: string) => void

  constructor(kernel: KernelTree, namespace: Namespace, report: (done: string) => void) {
    this.#kernel = kernel
    this.#namespace = namespace
    this.#report = report
  }

  async run(force: boolean): Promise<void> {
    const { name, path } = this.#namespace
    const holder = this.#kernel.read(`${path}/holder`) ?? ''
    if (holder !== '' && !holder.startsWith('dax')) {
      const advice = `choose another, or free it: ndctl destroy-namespace --force ${name}`
      throw new ClientError(ExitCode.noChannel, `${name} is in use by ${holder}`, advice)
    }
    // Somebody who did as we do, and did not come to its end.
    if (holder !== '') return this.#bindDax(holder)
    checkUnused(this.#kernel, this.#namespace, force)
    this.#unbindDisk()
    // The other VM may have made a device of this memory meanwhile: then looking again is enough.
    if (await this.#lookAgain()) return
    this.#unbindDisk()
    try {
      await this.#configure()
    } catch (error) {
      if (!this.#kernel.exists(`${drivers}/nd_pmem/${name}`)) this.#tryWrite(`${drivers}/nd_pmem/bind`, name)
      throw error
    }
  }

  async #configure(): Promise<void> {
    const { name, region } = this.#namespace
    const seed = this.#kernel.read(`${region}/dax_seed`) ?? ''
    if (seed === '') {
      throw new ClientError(
        ExitCode.notSupported,
        `${region} offers no dax_seed: the kernel has no CONFIG_NVDIMM_DAX`,
      )
    }
    const device = `/sys/bus/nd/devices/${seed}`
    this.#write(`${device}/align`, String(alignBytes))
    // The kernel's own records about the pages lie in ordinary memory, not in what is shared.
    this.#write(`${device}/mode`, 'ram')
    this.#write(`${device}/uuid`, randomUUID())
    this.#write(`${device}/namespace`, name)
    const failure = this.#tryWrite(`${drivers}/dax_pmem/bind`, seed)
    if (failure === undefined) return
    // EINVAL: the other VM has written its note between our look and now. Then that one holds.
    this.#tryWrite(`${device}/namespace`, '\n')
    if (await this.#lookAgain()) return
    throw kernelRefused(`${drivers}/dax_pmem/bind`, seed, failure)
  }

  #bindDax(device: string): void {
    if (this.#kernel.exists(`${drivers}/dax_pmem/${device}`)) return
    this.#write(`${drivers}/dax_pmem/bind`, device)
  }

  #unbindDisk(): void {
    const { name } = this.#namespace
    if (this.#kernel.exists(`${drivers}/nd_pmem/${name}`)) this.#write(`${drivers}/nd_pmem/unbind`, name)
  }

  /** Has the kernel read what the memory says it is; whether that is a character device. */
  async #lookAgain(): Promise<boolean> {
    const { name, dax } = this.#namespace
    const failure = this.#tryWrite(`${drivers}/nd_pmem/bind`, name)
    if (failure === undefined) return false
    // The disk's driver found that it is none, and had the other driver take it. Linux before 5.11 says ENODEV then.
    const isNoDisk = failure.code === 'ENXIO' || failure.code === 'ENODEV'
    if (isNoDisk && (await appears(this.#kernel, `${daxDevices}/${dax}`))) return true
    throw kernelRefused(`${drivers}/nd_pmem/bind`, name, failure)
  }

  #write(path: string, value: string): void {
    const failure = this.#tryWrite(path, value)
    if (failure !== undefined) throw kernelRefused(path, value, failure)
  }

  #tryWrite(path: string, value: string): NodeJS.ErrnoException | undefined {
    this.#report(`echo ${value.trim()} > ${path}`)
    try {
      this.#kernel.write(path, value)
      return undefined
    } catch (error) {
      return error as NodeJS.ErrnoException
    }
  }
}

function kernelRefused(path: string, value: string, failure: NodeJS.ErrnoException): ClientError {
  if (failure.code === 'EACCES' || failure.code === 'EPERM' || failure.code === 'EROFS') {
    const advice = 'run it as root, in the VM itself and not in a container'
    return new ClientError(ExitCode.notPermitted, `${path} may not be written`, advice)
  }
  const what = `the kernel refused "${value.trim()}" for ${path}: ${failure.code ?? failure.message}`
  return new ClientError(ExitCode.failed, what, 'the reason is in the kernel log: dmesg | tail')
}

async function ready(kernel: KernelTree, { dax, bytes }: Namespace, bytesMin: number): Promise<DaxDevice> {
  const path = `/dev/${dax}`
  if (!(await appears(kernel, path))) {
    const isKnown = kernel.exists(`${daxDevices}/${dax}`)
    throw new ClientError(
      ExitCode.failed,
      isKnown ? `the kernel has ${dax}, but ${path} does not appear` : `${dax} does not appear`,
      isKnown ? 'is devtmpfs mounted on /dev, and device_dax loaded?' : 'see the kernel log: dmesg | tail',
    )
  }
  const size = Number(kernel.read(`${daxDevices}/${dax}/size`) ?? 0)
  if (size < bytesMin || size === 0) {
    throw new ClientError(
      ExitCode.noChannel,
      `${path} has ${size} bytes of the namespace's ${bytes}, but ${bytesMin} are wanted`,
      `give both VMs more memory: a backend of at least ${bytesMin + alignBytes} bytes`,
    )
  }
  return { path, bytes: size }
}

/** Devices are registered after the write that makes them. */
async function appears(kernel: KernelTree, path: string): Promise<boolean> {
  for (let attempt = 0; attempt < appearAttempts; attempt++) {
    if (kernel.exists(path)) return true
    await sleep(appearPauseMs)
  }
  return false
}
