/** Stock Debian kernels: downloaded, unpacked in the cache, never installed. */
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { unpackPackages } from './apt.ts'
import { cached, exists } from './cache.ts'
import { command, requireProgram } from './command.ts'

/** What --kernel takes, and the Debian release that ships it. */
export const kernelReleases = {
  '5.10': 'bullseye',
  '6.1': 'bookworm',
  '6.12': 'trixie',
  newest: 'sid',
} as const
export type KernelName = keyof typeof kernelReleases
export const defaultKernel: KernelName = '6.1'

export interface Kernel {
  /** As of `uname -r`. */
  readonly version: string
  readonly vmlinuz: string
  /** The directory of modules.dep. */
  readonly modules: string
}

export function parseKernelName(name: string): KernelName {
  if (Object.hasOwn(kernelReleases, name)) return name as KernelName
  throw new Error(`no kernel named ${name}: choose one of ${Object.keys(kernelReleases).join(', ')}`)
}

/** The cloud kernel (virtio drivers, no physical hardware) of a Debian release, from the cache or the mirror. */
export async function fetchKernel(name: KernelName = defaultKernel): Promise<Kernel> {
  const release = kernelReleases[name]
  const directory = await cached(`kernels/${release}`, async (path) => {
    const busybox = requireProgram('busybox', 'busybox-static')
    await unpackPackages(release, 'linux-image-cloud-amd64', /^linux-(image|modules|binary|base)-\d/, path)
    await rm(join(path, 'downloads'), { recursive: true })
    await rm(join(path, 'usr', 'share'), { recursive: true, force: true })
    // Releases with a merged /usr ship usr/lib/modules.
    if (!(await exists(join(path, 'lib', 'modules'))))
      await rename(join(path, 'usr', 'lib'), join(path, 'lib'))
    // Newer releases compress modules: unpacked once here rather than at each boot on an emulated CPU.
    await command('find', [path, '-name', '*.ko.xz', '-exec', 'xz', '-d', '{}', '+'])
    await command('find', [path, '-name', '*.ko.zst', '-exec', 'zstd', '-q', '-d', '--rm', '{}', '+'])
    await command(busybox, ['depmod', '-b', path, await moduleVersion(path)])
  })
  const version = await moduleVersion(directory)
  const modules = join(directory, 'lib', 'modules', version)
  const inBoot = join(directory, 'boot', `vmlinuz-${version}`)
  // Since 7.x the kernel itself comes beside its modules.
  return { version, vmlinuz: (await exists(inBoot)) ? inBoot : join(modules, 'vmlinuz'), modules }
}

async function moduleVersion(directory: string): Promise<string> {
  const versions = await readdir(join(directory, 'lib', 'modules'))
  if (versions.length !== 1)
    throw new Error(`expected one kernel in ${directory}, found ${versions.join(', ')}`)
  return versions[0]!
}
