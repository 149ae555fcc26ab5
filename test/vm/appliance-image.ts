/**
 * The appliance's programs as read-only disks: Node with the libraries it needs (large, made once), and this
 * project's server with its npm packages and the built addon (small, made for each run, so it is never stale).
 */
import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cached, digest, exists, repositoryRoot } from './cache.ts'
import { command, requireProgram } from './command.ts'
import { sharedLibraries } from './guest-programs.ts'

const sparePercent = 30
const spareMiB = 16

/** An ext4 image with node/bin/node and node/lib. */
export async function nodeImage(): Promise<string> {
  const node = process.execPath
  const libraries = await sharedLibraries([node])
  const name = digest(process.version, ...libraries, await readFile('/etc/os-release'))
  return cached(`node/${process.version}-${name}.ext4`, async (path) => {
    const staging = `${path}.tree`
    await mkdir(join(staging, 'lib'), { recursive: true })
    await cp(node, join(staging, 'node'), { dereference: true })
    for (const library of libraries)
      await cp(library, join(staging, 'lib', library.split('/').at(-1)!), { dereference: true })
    await packDirectory(staging, path)
    await rm(staging, { recursive: true })
  })
}

/** Writes an ext4 image with the server, laid out as in the repository, into `directory`. */
export async function serverImage(directory: string): Promise<string> {
  const staging = join(directory, 'server-tree')
  for (const part of ['nfs-server', 'native']) {
    await cp(join(repositoryRoot, part), join(staging, part), { recursive: true, filter: isServed })
  }
  const quiet = '--disable-warning=ExperimentalWarning'
  await command(process.execPath, [quiet, join(import.meta.dirname, 'strip-types.ts'), staging])
  await cp(join(repositoryRoot, 'package.json'), join(staging, 'package.json'))
  const pending = [join(repositoryRoot, 'nfs-server')]
  const packages = new Set<string>()
  for (let from = pending.pop(); from !== undefined; from = pending.pop()) {
    for (const found of await dependencies(from)) {
      if (packages.has(found)) continue
      packages.add(found)
      pending.push(found)
    }
  }
  for (const found of packages) {
    const target = join(staging, found.slice(repositoryRoot.length))
    await cp(found, target, {
      recursive: true,
      filter: (path) => path === found || !path.slice(found.length).includes('/node_modules'),
    })
  }
  const image = join(directory, 'server.ext4')
  await packDirectory(staging, image)
  await rm(staging, { recursive: true })
  return image
}

/** Sources and built addons, without the compiler's intermediate files. */
function isServed(path: string): boolean {
  const below = path.slice(repositoryRoot.length)
  return !/\/(target|node_modules|core|src|xdr-parser)(\/|$)/.test(below)
}

/** The directories of the packages that the package in `directory` depends on, found as Node finds them. */
async function dependencies(directory: string): Promise<string[]> {
  const { dependencies: wanted = {} } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  const found: string[] = []
  for (const name of Object.keys(wanted)) {
    let from = directory
    while (!(await exists(join(from, 'node_modules', name)))) {
      if (from === repositoryRoot) throw new Error(`npm package ${name} is not installed; run npm ci`)
      from = dirname(from)
    }
    found.push(join(from, 'node_modules', name))
  }
  return found
}

/** Writes an ext4 image that holds what a directory holds. */
export async function packDirectory(directory: string, image: string): Promise<void> {
  const mib = Number.parseInt(await command('du', ['-sm', '--apparent-size', directory]), 10)
  const size = Math.ceil((mib * (100 + sparePercent)) / 100) + spareMiB
  const options = ['-q', '-F', '-O', '^has_journal', '-m', '0', '-d', directory, image, `${size}M`]
  await command(requireProgram('mkfs.ext4', 'e2fsprogs'), options)
}
