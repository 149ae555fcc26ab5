/**
 * `npm test`: every check of the project, the quick ones first, ending with one line
 * `N passed, N failed, N skipped` counted from what really ran. Arguments choose steps by name.
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { type Counts, countCargo, countExit, countTap } from './counts.ts'
import { failuresOf } from './failures.ts'

interface Step {
  readonly name: string
  readonly command: readonly string[]
  readonly count: (output: string, exitCode: number) => Counts
}

const root = join(import.meta.dirname, '..')
const cargo = (...words: string[]) => ['cargo', ...words, '--manifest-path', 'native/Cargo.toml']
const tap = (jobs: number, seconds: number, ...patterns: string[]) => [
  'tap',
  'run',
  '--disable-coverage',
  '--reporter=tap',
  `--jobs=${jobs}`,
  // Only against hanging: generous, because the machine may be busy.
  `--timeout=${seconds}`,
  ...patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort(),
]

const steps: readonly Step[] = [
  { name: 'format and lint', command: ['biome', 'ci', '--colors=off', '.'], count: countExit },
  { name: 'types', command: ['tsc', '-p', '.'], count: countExit },
  {
    name: 'generated code is fresh',
    command: ['node', 'nfs-server/xdr-parser/main.ts', '--check'],
    count: countExit,
  },
  { name: 'rust format', command: [...cargo('fmt', '--all'), '--', '--check'], count: countExit },
  {
    name: 'rust lint',
    command: [...cargo('clippy', '--workspace', '--all-targets'), '--', '-D', 'warnings'],
    count: countExit,
  },
  { name: 'rust', command: cargo('test', '--workspace'), count: countCargo },
  {
    // Every interleaving of the side channel's ring and grant table.
    name: 'loom',
    command: cargo('test', '-p', 'fsva-channel', '--features', 'loom', '--release', '--test', 'loom'),
    count: countCargo,
  },
  { name: 'unit', command: tap(2, 300, 'test/unit/**/*.test.ts'), count: countTap },
  { name: 'protocol', command: tap(2, 600, 'test/protocol/**/!(handle*).test.ts'), count: countTap },
  {
    // With FSVA_TEST_WORKERS all tests of a server can be run so; these are who is let in, what is done once, what is written.
    name: 'workers',
    command: [
      'env',
      'FSVA_TEST_WORKERS=2',
      ...tap(
        2,
        240,
        'test/protocol/{manage-gids,reply-cache,walls}.test.ts',
        'test/protocol/behaviour/write.test.ts',
      ),
    ],
    count: countTap,
  },
  // By themselves: a mount namespace that another test makes would hold the file systems they take away.
  { name: 'handles', command: tap(1, 600, 'test/protocol/**/handle*.test.ts'), count: countTap },
  { name: 'vm', command: tap(1, 900, 'test/vm/*.test.ts'), count: countTap },
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  console.error(`unknown step '${unknown[0]}'; steps: ${steps.map((step) => step.name).join(', ')}`)
  process.exit(2)
}

const total: Counts = { passed: 0, failed: 0, skipped: 0 }
const failed: string[] = []
const failures: string[] = []
for (const step of steps) {
  if (wanted.length > 0 && !wanted.includes(step.name)) continue
  const started = Date.now()
  console.log(`\n=== ${step.name}: ${step.command.slice(0, 6).join(' ')}`)
  const { counts, output } = await runStep(step)
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
  if (counts.failed > 0) {
    failed.push(step.name)
    failures.push(`--- ${step.name}`, ...failuresOf(output))
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`=== ${step.name}: ${counts.passed} passed, ${counts.failed} failed in ${seconds} s`)
}
// Of a long log often only the end is kept.
if (failed.length > 0) console.log(`\n${failures.join('\n\n')}\n\nfailed: ${failed.join(', ')}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1

/** Runs one step, passing its output on and reading its counts from it. */
async function runStep(step: Step): Promise<{ counts: Counts; output: string }> {
  const [command, ...words] = step.command
  const child = spawn(command!, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output += text
      process.stdout.write(text)
    })
  }
  return await new Promise((resolve) => {
    child.on('error', (error) => {
      console.log(`cannot run ${command}: ${error.message}`)
      resolve({ counts: { passed: 0, failed: 1, skipped: 0 }, output })
    })
    child.on('close', (code) => resolve({ counts: step.count(output, code ?? 1), output }))
  })
}
