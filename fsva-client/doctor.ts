import { release } from 'node:os'
import { ClientError, ExitCode } from './exit-codes.ts'
import { attributesOf, exportsShown, fsinfoOf, listExports, mountOnce } from './export-survey.ts'
import { findMountHelper, kernelSupport } from './local-checks.ts'
import { chooseOptions, type ServerPorts } from './mount-options.ts'
import type { RpcConnection } from './rpc-connection.ts'
import { RpcFailure } from './rpc-failure.ts'
import { findServer, type GivenPorts, locate, type RpcbindAnswer, reachMount } from './server-survey.ts'
import { hasStatusMonitor } from './status-monitor.ts'
import { failedStep, type Step } from './step.ts'
import { mountSource, type Target } from './target.ts'

/** Clocks further apart than this confuse make(1) and everything else that compares times. */
const clockSkewSecondsMax = 5

/**
 * Checks everything between this machine and a mount, step by step; each step is handed to `report` as it ends.
 * What depends on a step that failed is skipped.
 */
export async function examine(
  target: Target,
  given: GivenPorts,
  report: (step: Step) => void,
): Promise<readonly Step[]> {
  const doctor = new Doctor(report)
  doctor.checkMachine()
  const addresses = await doctor.attempt('name', async () => {
    const found = await findServer(target.server)
    const detail = found[0] === target.server ? 'an IP address' : `${target.server} is ${found.join(', ')}`
    return { value: found, detail }
  })
  if (addresses === undefined) return doctor.steps
  const { address, rpcbind, ports, nfs: reached } = await locate(target.server, addresses, given)
  const hasMonitor = await hasStatusMonitor()
  doctor.describeRpcbind(rpcbind, ports, hasMonitor)
  const nfs = await doctor.attempt('nfs', async () => {
    if (reached instanceof ClientError) throw reached
    return { value: reached, detail: `version 3 answers on ${address} TCP port ${ports.nfs}` }
  })
  const mount = await doctor.attempt('mount', async () => ({
    value: await reachMount(target.server, address, ports.mount),
    detail: `version 3 answers on TCP port ${ports.mount}`,
  }))
  try {
    if (mount !== undefined) await doctor.checkExports(mount)
    if (mount !== undefined && nfs !== undefined && target.path !== undefined) {
      await doctor.checkExport(mount, nfs, target.path)
    }
  } finally {
    nfs?.close()
    mount?.close()
  }
  if (target.path !== undefined && doctor.isWell) {
    const command = `mount -t nfs -o ${chooseOptions(ports, '', hasMonitor)} ${mountSource(target.server, target.path)} DIR`
    doctor.add({ name: 'verdict', status: 'ok', detail: `it can be mounted: ${command}` })
  }
  return doctor.steps
}

class Doctor {
  readonly steps: Step[] = []
  readonly #report: (step: Step) => void

  constructor(report: (step: Step) => void) {
    this.#report = report
  }

  get isWell(): boolean {
    return this.steps.every((step) => step.status !== 'failed')
  }

  add(step: Step): void {
    this.steps.push(step)
    this.#report(step)
  }

  /** Runs a check that may fail; undefined if it did. */
  async attempt<T>(name: string, check: () => Promise<{ value: T; detail: string }>): Promise<T | undefined> {
    try {
      const { value, detail } = await check()
      this.add({ name, status: 'ok', detail })
      return value
    } catch (error) {
      const known =
        error instanceof RpcFailure
          ? new ClientError(ExitCode.failed, `the server failed: ${error.message}`)
          : error
      this.add(failedStep(name, known))
      return undefined
    }
  }

  checkMachine(): void {
    const helper = findMountHelper()
    if (helper !== undefined) this.add({ name: 'mount.nfs', status: 'ok', detail: helper })
    else {
      const advice = 'install nfs-common (Debian, Ubuntu) or nfs-utils (Fedora, RHEL) before mounting'
      this.add({ name: 'mount.nfs', status: 'warning', detail: 'not installed on this machine', advice })
    }
    const support = kernelSupport()
    if (support !== 'none') {
      const detail = support === 'ready' ? 'can mount NFS' : 'has NFS as a module'
      this.add({ name: 'kernel', status: 'ok', detail: `${release()} ${detail}` })
    } else {
      const advice = 'install the modules of this kernel, or mount from another machine'
      this.add({ name: 'kernel', status: 'warning', detail: `${release()} has no NFS client`, advice })
    }
  }

  describeRpcbind(rpcbind: RpcbindAnswer, ports: ServerPorts, hasMonitor: boolean): void {
    if ('failure' in rpcbind) {
      this.add({
        name: 'rpcbind',
        status: 'warning',
        detail: `${rpcbind.failure.message}, so clients must be told the ports`,
        advice: `mount with -o port=${ports.nfs},mountport=${ports.mount},mountproto=tcp; fsva-client does so`,
      })
      return
    }
    this.add({ name: 'rpcbind', status: 'ok', detail: `knows ${rpcbind.ports.size} services over TCP` })
    this.#describeClock(rpcbind.clockSkewSeconds)
    if (!ports.nlm) {
      const detail = 'the server offers no NLM: locks are this machine\'s own (mount option "nolock")'
      this.add({ name: 'locks', status: 'warning', detail })
    } else if (!hasMonitor) {
      const detail =
        'rpc.statd or rpcbind is missing here: locks are this machine\'s own (mount option "nolock")'
      const advice =
        'install nfs-common and rpcbind (Debian, Ubuntu) or nfs-utils (Fedora, RHEL), and start rpcbind'
      this.add({ name: 'locks', status: 'warning', detail, advice })
    } else {
      this.add({ name: 'locks', status: 'ok', detail: 'are kept on the server' })
    }
  }

  #describeClock(skew: number | undefined): void {
    if (skew === undefined) {
      this.add({ name: 'clock', status: 'skipped', detail: 'the server does not tell its time' })
    } else if (Math.abs(skew) <= clockSkewSecondsMax) {
      this.add({ name: 'clock', status: 'ok', detail: 'agrees with ours' })
    } else {
      const detail = `is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} ours`
      const advice = 'let both synchronize by NTP: programs such as make compare times of files'
      this.add({ name: 'clock', status: 'warning', detail, advice })
    }
  }

  async checkExports(mount: RpcConnection): Promise<void> {
    await this.attempt('exports', async () => {
      const exports = await listExports(mount)
      return { value: exports, detail: exportsShown(exports) }
    })
  }

  async checkExport(mount: RpcConnection, nfs: RpcConnection, path: string): Promise<void> {
    const handle = await this.attempt('export', async () => ({
      value: await mountOnce(mount, path),
      detail: `the server lets us mount ${path}`,
    }))
    if (handle === undefined) return
    await this.attempt('fsinfo', async () => {
      const info = await fsinfoOf(nfs, handle)
      return { value: info, detail: `reads up to ${info.rtmax} bytes at once, writes ${info.wtmax}` }
    })
    await this.attempt('getattr', async () => {
      const { mode, uid, gid } = await attributesOf(nfs, handle)
      const permissions = (mode & 0o7777).toString(8).padStart(4, '0')
      return { value: undefined, detail: `its root has mode ${permissions}, owner ${uid}, group ${gid}` }
    })
  }
}
