/**
 * `npm run bench -- macro`: what programs in a user VM take on our mount, on the kernel's NFS server's mount, and on a
 * disk of the VM. The file systems take turns; each time the client has nothing of it in its caches.
 */
import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { emulatedMachines } from './emulated.ts'
import type { Machines } from './machines.ts'
import { type Measurement, measure, prepare } from './measure.ts'
import { callsTable, type MacroFigures, timesTable } from './report.ts'
import { enterNamespaces, userModeMachines } from './user-mode.ts'
import type { Sizes, Workload } from './workload.ts'
import { workloads } from './workloads.ts'

const sizes = {
  emulated: { units: 12, texts: 300, transactions: 40, mebibytes: 32, randomOperations: 500 },
  native: { units: 60, texts: 1200, transactions: 300, mebibytes: 256, randomOperations: 10_000 },
  quick: { units: 2, texts: 20, transactions: 2, mebibytes: 1, randomOperations: 10 },
} as const satisfies Record<string, Sizes>

const options = new Command('bench macro')
  .description('measures programs of a user VM on our mount, on that of other servers, and on a disk')
  .option('--quick', 'one round of next to nothing: shows that it runs, measures nothing')
  .option('--user-mode', 'a client of native speed, and servers on this machine: fsva and NFS-Ganesha')
  .option('--rounds <number>', 'alternating rounds; the median counts', '3')
  .option('--only <text>', 'workloads that have the text in their name', '')
  .option('--json <file>', 'write all measurements')
  .parse()
  .opts<{ quick?: boolean; userMode?: boolean; rounds: string; only: string; json?: string }>()

const rounds = options.quick ? 1 : Number(options.rounds)
const size = options.quick ? sizes.quick : options.userMode ? sizes.native : sizes.emulated
if (options.userMode) await enterNamespaces(size)
const chosen = workloads(size).filter(({ name }) => name.includes(options.only))

say('starting the machines')
const machines = await (options.userMode ? userModeMachines(size) : emulatedMachines(size))
try {
  say('preparing the file systems')
  await prepare(machines)
  const figures = await measureAll(machines, chosen)
  say('')
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`)
  console.log(`${figures.description} Linux ${figures.kernel}, ${rounds} rounds.\n`)
  console.log(`${figures.remark}\n`)
  console.log(`${timesTable(figures)}\n\n${callsTable(figures)}`)
} finally {
  await machines.close()
}

async function measureAll(machines: Machines, chosen: readonly Workload[]): Promise<MacroFigures> {
  const rows = chosen.map(({ name }) => {
    const taken: Partial<Record<string, Measurement[]>> = {}
    for (const target of machines.targets) taken[target.name] = []
    return { workload: name, taken }
  })
  for (let round = 0; round < rounds; round++) {
    // Not always the same one first: what a workload leaves in the machines' caches is for all of them.
    const turn = machines.targets.map(
      (_, index) => machines.targets[(index + round) % machines.targets.length]!,
    )
    for (const [index, workload] of chosen.entries()) {
      for (const target of turn) {
        say(`round ${round + 1}/${rounds}: ${workload.name} on ${target.name}`)
        rows[index]!.taken[target.name]!.push(await measure(machines, target, workload))
      }
    }
  }
  const { description, remark, kernel } = machines
  return { description, remark, kernel, rounds, rows }
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  else if (text !== '') process.stderr.write(`${text}\n`)
}
