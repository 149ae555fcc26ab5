/** Which modules a test VM carries, with all that they depend on, in an order in which they can be loaded. */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Kernel } from './kernel.ts'

/** Loaded at boot: the devices, the channel to the host and the NFS client. */
const bootModules = ['virtio_pci', 'virtio_console', 'virtio_net', 'virtio_blk', 'nfs', 'nfsv3']
/** Carried along and loaded when something asks for them. */
const extraModules = [
  'nfsv4',
  'nfsd',
  'ext4',
  'xfs',
  'btrfs',
  'loop',
  'overlay',
  'fuse',
  'virtio_rng',
  'crc32c_intel',
  'nfit',
  'nd_pmem',
  'device_dax',
  'dax_pmem',
]
/** Modules that ext4 and btrfs ask for by name at run time, which modules.dep does not know (soft dependencies). */
const softModules = ['crc32c_generic', 'xxhash_generic', 'blake2b_generic', 'libcrc32c', 'crc32c_cryptoapi']

export interface GuestModule {
  /** Path below the directory of modules.dep. */
  readonly path: string
  readonly content: Buffer
}
export interface GuestModules {
  readonly files: readonly GuestModule[]
  /** Paths of the modules to load at boot, dependencies first. */
  readonly bootOrder: readonly string[]
}

export async function collectModules(kernel: Kernel): Promise<GuestModules> {
  const dependencies = new Map<string, string[]>()
  const byName = new Map<string, string>()
  const dep = await readFile(join(kernel.modules, 'modules.dep'), 'utf8')
  for (const line of dep.trim().split('\n')) {
    const [path, needs] = line.split(':')
    dependencies.set(path!, needs!.trim().split(/\s+/).filter(Boolean))
    byName.set(moduleName(path!), path!)
  }
  const builtin = await readFile(join(kernel.modules, 'modules.builtin'), 'utf8')
  const builtinNames = new Set(builtin.trim().split('\n').map(moduleName))

  const order = new Set<string>()
  const add = (path: string) => {
    if (order.has(path)) return
    for (const needed of dependencies.get(path) ?? []) add(needed)
    order.add(path)
  }
  for (const name of bootModules) {
    const path = byName.get(name)
    if (path !== undefined) add(path)
    else if (!builtinNames.has(name)) throw new Error(`kernel ${kernel.version} has no module ${name}`)
  }
  const bootOrder = [...order]
  for (const name of [...extraModules, ...softModules]) {
    const path = byName.get(name)
    if (path !== undefined) add(path)
  }
  const files: GuestModule[] = []
  for (const path of order) {
    files.push({ path, content: await readFile(join(kernel.modules, path)) })
  }
  return { files, bootOrder }
}

function moduleName(path: string): string {
  return basename(path, '.ko').replaceAll('-', '_')
}
