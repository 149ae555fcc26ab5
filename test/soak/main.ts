/** `npm run soak`: the long proofs, and docs/reliability.md from what they counted. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, release } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import type { SoakPart } from './part.ts'
import { parts } from './parts.ts'
import { keepResult, renderReport, reportPath, resultsDirectory } from './report.ts'

const listed = parts.map((part) => `  ${part.name.padEnd(14)}${part.title}`).join('\n')
const program = new Command('npm run soak --')
  .description(
    'Kills, power cuts, fuzzing, overload and the test matrix at full length; writes docs/reliability.md.',
  )
  .argument('[part...]', 'which parts to run; all of them by default')
  .option('--scale <factor>', 'multiplies every count: 0.05 for a trial', positive, 1)
  .option('--report', 'only make docs/reliability.md anew from the kept results')
  .option('--dry', 'keep no result and leave docs/reliability.md alone')
  .addHelpText('after', `\nParts:\n${listed}`)
  .parse()

const options = program.opts<{ scale: number; report?: true; dry?: true }>()
const chosen = chooseParts(program.args)
let failures = 0
if (!options.report) for (const part of chosen) failures += await run(part)
if (!options.dry) writeReport()
// The emulators and servers of a part that failed may still be ending.
process.exit(failures === 0 ? 0 : 1)

function chooseParts(names: readonly string[]): readonly SoakPart[] {
  for (const name of names) {
    if (!parts.some((part) => part.name === name)) program.error(`unknown part '${name}'; parts:\n${listed}`)
  }
  return names.length === 0 ? parts : parts.filter((part) => names.includes(part.name))
}

/** How many failures the part found. */
async function run(part: SoakPart): Promise<number> {
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1000)
  const progress = (text: string) => console.log(`soak: ${part.name}: ${seconds()} s: ${text}`)
  progress(part.title)
  try {
    const result = await part.run({ scale: options.scale, progress })
    const machine = `Linux ${release().split('.', 2).join('.')}, ${availableParallelism()} CPUs`
    const day = new Date().toISOString().slice(0, 10)
    const kept = { day, scale: options.scale, seconds: seconds(), machine, ...result }
    if (!options.dry) keepResult(part.name, kept)
    for (const failure of result.failures) console.log(`soak: ${part.name}: FAILED: ${failure}`)
    progress(result.failures.length === 0 ? 'held' : `${result.failures.length} failures`)
    return result.failures.length
  } catch (error) {
    console.log(`soak: ${part.name}: could not be run: ${error instanceof Error ? error.stack : error}`)
    return 1
  }
}

function writeReport(): void {
  writeFileSync(reportPath, renderReport(parts))
  // The formatter aligns the tables.
  execFileSync('biome', ['format', '--write', reportPath, resultsDirectory])
  console.log(`soak: wrote ${reportPath}`)
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 100)) throw new InvalidArgumentError('a number above 0, at most 100')
  return value
}
