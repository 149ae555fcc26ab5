/** One power cut under load, and what was found after it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { PowerCutLoad, type WorkerKind } from './power-cut-load.ts'
import type { RawFindings } from './power-cut-raw.ts'
import { exportOf, type PowerCutScene, type VolumeOptions } from './power-cut-scene.ts'
import type { CutMode } from './volatile-disk.ts'

export interface PowerCutOptions {
  /** Unique within the scene. */
  readonly name: string
  readonly seed: number
  readonly random: () => number
  readonly mode: CutMode
  /** The volume, or `state`, whose disk has just been written to when the power fails. */
  readonly target: string
  /** Before the cut every worker has been promised at least so much. */
  readonly promisesMin: number
  progress?(text: string): void
}

export interface VolumeFigures {
  unflushedSectors: number
  lostSectors: number
  /** Operations that were running when the power failed. */
  interrupted: number
  /** Of these: told to their program as having been done before. */
  alreadyDone: number
}

export interface PowerCutFigures {
  readonly volumes: Map<string, VolumeFigures>
  /** Promises of honest disks and `sync` exports, all looked at, by kind. */
  readonly promises: Map<string, number>
  /** Promises that were broken there, errors that programs saw, and whatever else went wrong. */
  readonly wrong: string[]
  /** Losses found where they had to be, by volume. */
  readonly controlLosses: Map<string, number>
  readonly raw: RawFindings['figures'] | undefined
}

const kinds: readonly WorkerKind[] = ['mixed', 'sync', 'stream']

/** Whether promises on it cannot be kept. */
export function isControl(volume: VolumeOptions): boolean {
  return volume.ignoresFlushes === true || volume.sync === false
}

export async function powerCut(scene: PowerCutScene, options: PowerCutOptions): Promise<PowerCutFigures> {
  const { name, random, progress = () => {} } = options
  const wrong: string[] = []
  const controls = scene.volumes.filter(isControl)
  const honest = scene.volumes.filter((volume) => !isControl(volume))
  // Data that is synced brings metadata along: an async export loses nothing then.
  const kindsOn = (volume: VolumeOptions) => (isControl(volume) ? (['names'] as const) : kinds)
  const load = new PowerCutLoad(
    scene.user,
    name,
    options.seed,
    new Map(scene.volumes.map((volume) => [volume.name, kindsOn(volume)])),
  )
  const on = (volume: VolumeOptions) => load.workers.filter((worker) => worker.volume === volume.name)
  const count = () => Math.min(...load.workers.map((worker) => worker.log.count))
  const reach = async (least: number) => {
    for (await load.read(); count() < least; await load.read()) await sleep(500)
  }
  progress('loading')
  await reach(Math.floor(options.promisesMin / 2))
  const raw = await startRaw(scene, honest, controls)
  await reach(options.promisesMin)
  // The state directory is written to now and then only.
  const writes = 1 + Math.floor(random() * (options.target === 'state' ? 3 : 40))
  const reports = await scene.cutAtWrite(options.target, writes, options.mode, random)
  progress(`power cut, at write ${writes} to ${options.target}`)
  await load.read()
  for (const { log } of load.workers) log.cut()

  const unmountable = await scene.boot()
  progress('booted again')
  const controlLosses = new Map<string, number>()
  const volumes = new Map<string, VolumeFigures>()
  for (const volume of scene.volumes) {
    const broken = await load.broken(scene.fsva.vm, '/export', volume.name)
    if (isControl(volume)) controlLosses.set(volume.name, broken.length)
    else {
      if (unmountable.includes(volume.name)) wrong.push(`${volume.name} could not be mounted`)
      wrong.push(...broken.map((line) => `after the cut, in the appliance: ${line}`))
    }
    const interrupted = on(volume).filter((worker) => worker.log.isRunning).length
    volumes.set(volume.name, { ...reports.get(volume.name)!, interrupted, alreadyDone: 0 })
  }
  volumes.set('state', { ...reports.get('state')!, interrupted: 0, alreadyDone: 0 })
  await scene.startServer()
  progress('serving again')
  const findings = await raw?.finish()
  wrong.push(...(findings?.wrong ?? []).map((line) => `a client of our own: ${line}`))

  const before = new Map(load.workers.map((worker) => [worker, worker.log.count]))
  const goOn = honest.flatMap(on)
  while (goOn.some((worker) => worker.log.count < before.get(worker)! + 2)) {
    await sleep(500)
    await load.read()
    if (goOn.some((worker) => worker.log.errors.length > 0)) break
  }
  await load.stop()
  progress('looked at through the mount')
  await scene.user.sh('echo 3 > /proc/sys/vm/drop_caches')
  const promises = new Map<string, number>()
  for (const volume of honest) {
    const broken = await load.broken(scene.user, '/mnt', volume.name)
    wrong.push(...broken.map((line) => `later, in the user VM: ${line}`))
    for (const { kind, log } of on(volume)) {
      wrong.push(...log.errors.map((line) => `${volume.name}: ${kind} saw ${line}`))
      volumes.get(volume.name)!.alreadyDone += log.alreadyDone
      for (const [what, number] of log.promises) promises.set(what, (promises.get(what) ?? 0) + number)
    }
  }
  return { volumes, promises, wrong, controlLosses, raw: findings?.figures }
}

/** Starts power-cut-raw.ts and lets it do everything that comes before the cut; undefined where it reaches no VM. */
async function startRaw(
  scene: PowerCutScene,
  honest: readonly VolumeOptions[],
  controls: readonly VolumeOptions[],
) {
  const { network } = scene
  if (network === undefined) return undefined
  const asyncExport = controls.find((volume) => volume.ignoresFlushes !== true)
  const argv = [
    ...[process.execPath, join(import.meta.dirname, 'power-cut-raw.ts'), scene.fsva.address],
    ...honest.map(exportOf),
    ...(asyncExport === undefined ? [] : ['--async', exportOf(asyncExport)]),
  ]
  const [program, ...args] = network.inside(argv)
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (expected: RegExp): Promise<string> => {
    const { value, done } = await lines.next()
    if (done || !expected.test(value)) throw new Error(`power-cut-raw.ts said ${done ? 'nothing' : value}`)
    return value
  }
  await next(/^recorded$/)
  await scene.fsva.vm.sh('sync -f /var/lib/fsva')
  child.stdin.write('\n')
  await next(/^ready$/)
  return {
    async finish(): Promise<RawFindings> {
      child.stdin.write('\n')
      const findings: RawFindings = JSON.parse(await next(/^\{/))
      if (child.exitCode === null) await once(child, 'exit')
      return findings
    },
  }
}
