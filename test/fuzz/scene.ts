/** The file systems that are exported to the fuzzer, each bounded in size, and what lies beside the exports. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** An export, and how it is served. */
export interface Place {
  readonly name: string
  /** The mounted file system: the export is a directory of it, the canary another. */
  readonly mountPoint: string
  readonly path: string
  readonly isReadOnly: boolean
  /** How often it is used. */
  readonly weight: number
}

const mounts: readonly (readonly [name: string, weight: number, options: Record<string, unknown>])[] = [
  ['tmpfs', 30, { squash: 'no_root_squash' }],
  ['disk', 24, { squash: 'no_root_squash' }],
  // Handles of this one are kept in the handle table.
  ['overlay', 20, { squash: 'no_root_squash', sync: false }],
  ['readonly', 10, { squash: 'no_root_squash', read_only: true }],
  ['squashed', 8, { squash: 'all_squash' }],
  ['secure', 8, { squash: 'root_squash', secure: true }],
]
const bounds = 'size=48m,nr_inodes=6000,nodev,nosuid,mode=755'
const imageBytes = 64 << 20
const replyCacheBytes = 1 << 20

const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'pipe' })
const mountTmpfs = (at: string) => run('mount', '-t', 'tmpfs', '-o', bounds, 'fsva-fuzz', at)

export class Scene {
  readonly directory = mkdtempSync(join(tmpdir(), 'fsva-fuzz-'))
  readonly places: readonly Place[]
  /** Exported as well, to the witness alone: the fuzzer never hears of it. */
  readonly witnessPath: string
  readonly config: string
  readonly stateDirectory: string

  /** In a mount namespace of one's own: nothing is ever unmounted here. */
  constructor() {
    const at = (name: string) => join(this.directory, name)
    this.places = mounts.map(([name, weight, { read_only }]) => {
      mkdirSync(at(name))
      this.#mount(name, at(name))
      const path = join(at(name), 'export')
      fill(path)
      fill(join(at(name), 'canary'))
      return { name, mountPoint: at(name), path, isReadOnly: read_only === true, weight }
    })
    for (const name of ['witness', 'state']) {
      mkdirSync(at(name))
      mountTmpfs(at(name))
    }
    this.witnessPath = join(at('witness'), 'export')
    mkdirSync(this.witnessPath)
    this.stateDirectory = at('state')
    this.config = at('fsva-nfsd.yaml')
    writeFileSync(this.config, this.#configuration())
  }

  #mount(name: string, at: string): void {
    if (name === 'disk') {
      const image = `${at}.image`
      writeFileSync(image, '')
      truncateSync(image, imageBytes)
      run('mkfs.ext4', '-q', '-F', image)
      run('mount', '-o', 'loop,nodev,nosuid', image, at)
      return
    }
    if (name !== 'overlay') {
      mountTmpfs(at)
      return
    }
    const layers = `${at}.layers`
    mkdirSync(layers)
    mountTmpfs(layers)
    const [lower, upper, work] = ['lower', 'upper', 'work'].map((layer) => join(layers, layer))
    for (const layer of [lower!, upper!, work!]) mkdirSync(layer)
    const data = `lowerdir=${lower},upperdir=${upper},workdir=${work},nfs_export=off,nodev,nosuid`
    run('mount', '-t', 'overlay', 'fsva-fuzz', '-o', data, at)
  }

  #configuration(): string {
    const exports = this.places.map(({ name, path }) => {
      const options = mounts.find(([known]) => known === name)![2]
      return { path, secure: false, ...options }
    })
    return stringify({
      exports: [...exports, { path: this.witnessPath, secure: false, squash: 'no_root_squash' }],
      listen: ['127.0.0.1'],
      port: 0,
      mount_port: 0,
      rpcbind: 'serve',
      state_directory: this.stateDirectory,
      grace_seconds: 1,
      manage_gids: true,
      // Small, so that it is full before memory is compared.
      limits: { reply_cache_bytes_max: replyCacheBytes },
      log: { format: 'json' },
      metrics: { port: 0 },
    })
  }

  close(): void {
    // Behind it are mounts: what is below them is not ours to remove, and goes with the namespace.
    run('umount', '--lazy', '--recursive', ...mounts.map(([name]) => join(this.directory, name)))
    for (const name of ['witness', 'state', 'overlay.layers']) run('umount', '-l', join(this.directory, name))
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A tree of a few files of every kind; the names are those that the fuzzer uses. */
function fill(directory: string): void {
  mkdirSync(directory)
  chmodSync(directory, 0o777)
  for (let i = 0; i < 6; i++) {
    const below = join(directory, `n${i}`)
    mkdirSync(below, { mode: 0o777 })
    for (let j = 6; j < 10; j++) writeFileSync(join(below, `n${j}`), Buffer.alloc(j * 900, `${j}`))
  }
  writeFileSync(join(directory, 'n10'), 'kept')
  linkSync(join(directory, 'n10'), join(directory, 'n11'))
  symlinkSync('../canary/n10', join(directory, 'n12'))
  symlinkSync('../canary', join(directory, 'link'))
  run('mkfifo', join(directory, 'n13'))
}
