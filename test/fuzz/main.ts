/**
 * The fuzzer by itself: `node test/fuzz/main.ts --help`. It makes a network and a mount namespace and goes on in there, so
 * that no call of the server's to a client's address leaves the machine and port 111 is free.
 */
import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { fuzzInNamespace } from './namespace.ts'
import { fuzz } from './runner.ts'
import { summary } from './summary.ts'

const program = new Command('node test/fuzz/main.ts')
  .description(
    'Sends records made from the .x files to an fsva-nfsd of its own, and checks all answers. Needs root.',
  )
  .option('--seed <n>', 'which records: the same seed, the same choices', whole, 1)
  .option('--from <n>', 'index of the first record', whole, 0)
  .option('--count <n>', 'how many records', whole, 30_000)
  .option('--leak <bytes>', 'make the server leak so much per call, to see it found', whole, 0)
  .option('--settle', 'wait until the server has given back what is idle, and see that it does')
  .option('--json <file>', 'write everything that was counted to a file')
  .option('--inside', 'already in namespaces of its own')
  .addHelpText(
    'after',
    `
A finding names the index of its record. To send it again with all that led to it:
  node test/fuzz/main.ts --seed S --count INDEX+1
or by itself, against a server that is fresh:
  node test/fuzz/main.ts --seed S --from INDEX --count 1`,
  )
  .parse()

interface Options {
  seed: number
  from: number
  count: number
  leak: number
  json?: string
  settle?: true
  inside?: true
}

const { seed, from, count, leak, json, settle, inside } = program.opts<Options>()
if (inside) {
  const began = Date.now()
  const progress = (text: string) =>
    console.log(`fuzz: ${Math.round((Date.now() - began) / 1000)} s: ${text}`)
  const result = await fuzz({ seed, from, count, leakBytes: leak, settles: settle ?? false, progress })
  if (json !== undefined) writeFileSync(json, JSON.stringify(result))
  console.log(summary(result))
  process.exit(result.findings.length + result.failures.length === 0 ? 0 : 1)
}
process.exit(await fuzzInNamespace(process.argv.slice(2), (text) => process.stdout.write(text)))

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new InvalidArgumentError('a whole number, at most 4294967295')
  }
  return value
}
