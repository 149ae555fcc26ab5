/** The suites of this directory: built once, run on any directory here or in a VM. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, digest } from '../vm/cache.ts'
import { command, requireProgram } from '../vm/command.ts'
import type { Vm } from '../vm/user-vm.ts'
import { type Outcomes, parseOutcomes } from './outcomes.ts'

export const suiteNames = ['basic', 'general', 'special', 'lock', 'posix'] as const
export type SuiteName = (typeof suiteNames)[number]

export interface SuitesOptions {
  /** Multiplies the sizes of the large cases; default 1, which suits an emulated VM. */
  readonly scale?: number
  /** Default: ten minutes for all of them. */
  readonly timeoutMs?: number
}

const guestProgram = '/run/fsva-suites'
const timeoutMsDefault = 600_000
const compilerOptions = [
  ...['-static', '-s', '-O1', '-D_GNU_SOURCE', '-D_FILE_OFFSET_BITS=64'],
  ...['-Wall', '-Wextra', '-Werror'],
]

/** Path of the one program that has all suites, statically linked; compiled when a source has changed. */
export async function buildSuites(): Promise<string> {
  const compiler = requireProgram('gcc', 'gcc libc6-dev')
  const names = (await readdir(import.meta.dirname, { recursive: true })).filter((name) =>
    /\.[ch]$/.test(name),
  )
  const paths = names.sort().map((name) => join(import.meta.dirname, name))
  const sources = await Promise.all(paths.map((path) => readFile(path)))
  return cached(`suites/${digest(...compilerOptions, ...names, ...sources)}`, async (path) => {
    const programs = paths.filter((name) => name.endsWith('.c'))
    await command(compiler, [...compilerOptions, '-o', path, ...programs], { timeoutMs: timeoutMsDefault })
  })
}

/** Puts the program into a VM. */
export async function installSuites(vm: Vm): Promise<void> {
  const input = await readFile(await buildSuites())
  await vm.sh(`cat > ${guestProgram} && chmod 755 ${guestProgram}`, { input })
}

/**
 * Runs suites, or single cases by SUITE/CASE, in a new directory of the VM, which they remove. The parent must exist and
 * be on the file system to look at; the VM must have been given the program by installSuites.
 */
export async function runSuites(
  vm: Vm,
  directory: string,
  suites: readonly (SuiteName | `${SuiteName}/${string}`)[],
  { scale = 1, timeoutMs = timeoutMsDefault }: SuitesOptions = {},
): Promise<Outcomes> {
  const script = `${guestProgram} ${[directory, scale, ...suites].join(' ')}`
  const { stdout, stderr, exitCode } = await vm.run(script, { timeoutMs })
  if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}\n${stdout}${stderr}`)
  return parseOutcomes(stdout.toString())
}

/** The same on this machine, where it takes root. */
export async function runSuitesHere(
  directory: string,
  suites: readonly (SuiteName | `${SuiteName}/${string}`)[],
  { scale = 1, timeoutMs = timeoutMsDefault }: SuitesOptions = {},
): Promise<Outcomes> {
  return parseOutcomes(await command(await buildSuites(), [directory, `${scale}`, ...suites], { timeoutMs }))
}
