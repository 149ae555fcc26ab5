/**
 * Linux as a process of this machine (Debian's user-mode-linux): a stock kernel with the stock NFS client whose programs run
 * at the processor's own speed where QEMU has to translate them. Its system calls cost several times what they should.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unpackNamed } from './apt.ts'
import { cached } from './cache.ts'
import { commandSync, requireProgram } from './command.ts'
import type { RunScope } from './run-scope.ts'

const release = 'bookworm'
const bootTimeoutMs = 120_000
const initPath = '/sbin/fsva-init'

export interface UserModeOptions {
  /** An image with a root file system that has `userModeScripts` in it; only read. */
  readonly root: string
  /** Images: /dev/ubdb and so on. */
  readonly disks: readonly string[]
  /** Of this machine towards it, and its own, both with prefix length; a tap device of that name is made. */
  readonly tap: { readonly name: string; readonly host: string; readonly guest: string }
  readonly memoryMiB: number
}

/** PID 1 reads numbers of scripts from the console and runs them; it finds and leaves them in a directory of the host. */
export const userModeScripts = {
  [initPath]: `#!/bin/bash
export PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C
mount -t proc proc /proc
mount -t sysfs sys /sys
for each in run tmp mnt var/lib/nfs lib/modules; do mount -t tmpfs tmpfs /$each; done
ln -s /proc/self/fd /dev/fd
mkdir /run/jobs /lib/modules/$(uname -r)
mount -t hostfs -o "$fsva_jobs" none /run/jobs
mount -t hostfs -o "$fsva_modules" none /lib/modules/$(uname -r)
modprobe nfsv3
ip link set lo up
ip address add "$fsva_ip" dev vec0 && ip link set vec0 up
stty -echo
echo done boot 0
while read -r job; do
  bash -ec "$(cat /run/jobs/$job.sh)" < /dev/null > /run/jobs/$job.out 2> /run/jobs/$job.err
  echo done $job $?
done
`,
}

/** The directory of the unpacked package, from the cache or the mirror. */
export function fetchUserModeLinux(): Promise<string> {
  return cached(`user-mode-linux/${release}`, (path) => unpackNamed(release, ['user-mode-linux'], path))
}

export class UserModeLinux {
  readonly kernelVersion: string
  readonly #process: ChildProcess
  readonly #jobs: string
  #console = ''
  #number = 0

  private constructor(scope: RunScope, kernelVersion: string, child: ChildProcess, jobs: string) {
    this.kernelVersion = kernelVersion
    this.#process = child
    this.#jobs = jobs
    child.stdout!.setEncoding('latin1').on('data', (text: string) => {
      this.#console += text
    })
    scope.onClose(() => this.kill())
  }

  static async boot(scope: RunScope, options: UserModeOptions): Promise<UserModeLinux> {
    const { tap, disks, root } = options
    const program = await fetchUserModeLinux()
    const modules = join(program, 'usr/lib/uml/modules')
    const [version] = await readdir(modules)
    const ip = (...words: string[]) => commandSync('ip', words)
    ip('tuntap', 'add', 'mode', 'tap', 'name', tap.name)
    scope.onClose(() => ip('link', 'delete', tap.name))
    ip('address', 'add', tap.host, 'dev', tap.name)
    ip('link', 'set', tap.name, 'up')
    const jobs = join(scope.directory, 'jobs')
    mkdirSync(jobs)
    const words = [
      ...[`mem=${options.memoryMiB}M`, `umid=${scope.name}`, `uml_dir=${scope.directory}/`, 'quiet'],
      ...[`ubd0r=${root}`, ...disks.map((path, index) => `ubd${index + 1}=${path}`)],
      ...['root=/dev/ubda', 'ro', `init=${initPath}`, 'con=null', 'con0=fd:0,fd:1'],
      `vec0:transport=tap,ifname=${tap.name},depth=128,gro=1`,
      ...[`fsva_ip=${tap.guest}`, `fsva_jobs=${jobs}`, `fsva_modules=${join(modules, version!)}`],
    ]
    const setpriv = requireProgram('setpriv', 'util-linux')
    const linux = join(program, 'usr/bin/linux.uml')
    // In a group of its own: it starts processes, and ends them if it is ended itself.
    const child = spawn(setpriv, ['--pdeathsig', 'KILL', linux, ...words], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    })
    const started = new UserModeLinux(scope, version!, child, jobs)
    await started.#done('boot', bootTimeoutMs)
    return started
  }

  /** Runs a script of bash as root that must succeed; answers its standard output. */
  async bash(script: string, timeoutMs: number): Promise<string> {
    const job = `${++this.#number}`
    const file = (suffix: string) => join(this.#jobs, `${job}.${suffix}`)
    writeFileSync(file('sh'), script)
    this.#process.stdin!.write(`${job}\n`)
    const exitCode = await this.#done(job, timeoutMs)
    const output = readFileSync(file('out'), 'utf8')
    if (exitCode === 0) return output
    throw new Error(`exit code ${exitCode}: ${script}\n${output}${readFileSync(file('err'), 'utf8')}`)
  }

  /** Waits until the console says that a job has ended; answers its exit code. */
  async #done(job: string, timeoutMs: number): Promise<number> {
    const pattern = new RegExp(`^done ${job} (\\d+)\\r?$`, 'm')
    for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(20)) {
      const found = pattern.exec(this.#console)
      if (found !== null) return Number(found[1])
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) break
    }
    throw new Error(`no end of '${job}' in user-mode Linux; its console:\n${this.#console.slice(-4000)}`)
  }

  kill(): void {
    const { pid } = this.#process
    if (pid === undefined || !existsSync(`/proc/${pid}`)) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // it has ended by itself
    }
  }
}
