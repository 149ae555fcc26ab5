/**
 * `npm run bench -- macro`: what programs in a user VM take on our mount, on the kernel's NFS server's mount, and on a
 * disk of the VM. The file systems take turns; each time the client has nothing of it in its caches.
 */
import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { enterOwnNamespaces } from '../namespace.ts'
import { writeDocuments } from '../report/document.ts'
import { emulatedMachines } from './emulated.ts'
import { keepFigures, type MachineKind, type MacroFigures, type Round } from './figures.ts'
import type { Machines, TargetName } from './machines.ts'
import { type Measurement, measure, prepare } from './measure.ts'
import { macroReport } from './report.ts'
import { unlessStill } from './standstill.ts'
import { fetchUserMode, userModeMachines } from './user-mode.ts'
import type { Sizes, Workload } from './workload.ts'
import { workloads } from './workloads.ts'

const sizes: Readonly<Record<MachineKind | 'quick', Sizes>> = {
  'user-vm': { units: 4, texts: 80, transactions: 20, mebibytes: 16, randomOperations: 200 },
  'user-mode': { units: 8, texts: 120, transactions: 200, mebibytes: 128, randomOperations: 5000 },
  quick: { units: 2, texts: 20, transactions: 2, mebibytes: 1, randomOperations: 10 },
}

/** A measurement that the machine interrupted is taken again. */
const triesMax = 5

const options = new Command('bench macro')
  .description('measures programs of a user VM on our mount, on that of other servers, and on a disk')
  .option('--user-mode', 'a client of native speed, and servers on this machine: fsva and NFS-Ganesha')
  .option('--quick', 'one round of next to nothing: shows that it runs, measures nothing')
  .option('--rounds <number>', 'alternating rounds; the median counts', '3')
  .option('--only <text...>', 'workloads that have one of these in their name', [''])
  .option('--json <file>', 'write all measurements')
  .option('--write-docs', 'keep the results in docs/performance/ and make docs/performance.md anew')
  .parse()
  .opts<{
    userMode?: boolean
    quick?: boolean
    rounds: string
    only: readonly string[]
    json?: string
    writeDocs?: boolean
  }>()

const kind = options.userMode ? 'user-mode' : 'user-vm'
const rounds = options.quick ? 1 : Number(options.rounds)
const size = sizes[options.quick ? 'quick' : kind]
const all = workloads(size)

if (kind === 'user-mode') {
  // There is no network behind the next line.
  await fetchUserMode(size)
  enterOwnNamespaces('bench macro')
}
say('starting the machines')
const machines = await (kind === 'user-mode' ? userModeMachines(size) : emulatedMachines(size))
let figures: MacroFigures
try {
  say('preparing the file systems')
  await prepare(machines)
  const chosen = all.filter(({ name }) => options.only.some((text) => name.includes(text)))
  figures = await measureAll(machines, chosen)
} finally {
  await machines.close()
}
say('')
if (options.writeDocs) {
  const names = all.map(({ name }) => name)
  keepFigures(kind, figures, names)
  writeDocuments()
}
console.log(macroReport(figures))

async function measureAll(machines: Machines, chosen: readonly Workload[]): Promise<MacroFigures> {
  const rows = new Map<string, Round[]>(chosen.map(({ name }) => [name, []]))
  const { targets, description, remark, kernel } = machines
  for (let round = 0; round < rounds; round++) {
    // Not always the same one first: what a workload leaves in the machines' caches is for all of them.
    const turn = targets.map((_, index) => targets[(index + round) % targets.length]!)
    for (const workload of chosen) {
      const taken: Partial<Record<TargetName, Measurement>> = {}
      for (const target of turn) {
        say(`round ${round + 1}/${rounds}: ${workload.name} on ${target.name}`)
        for (let tries = 0; taken[target.name] === undefined && tries < triesMax; tries++) {
          const measurement = await unlessStill(() => measure(machines, target, workload))
          if (measurement !== undefined) taken[target.name] = measurement
        }
      }
      rows.get(workload.name)!.push(taken)
      if (options.json !== undefined) write(options.json, figures())
    }
  }
  return figures()

  function figures(): MacroFigures {
    const day = new Date().toISOString().slice(0, 10)
    const dated = [...rows].map(([name, rounds]) => [name, { day, rounds }])
    return { description, remark, kernel, rows: Object.fromEntries(dated) }
  }
}

/** After each workload: under emulation a whole run is long enough to be ended before its end. */
function write(file: string, figures: MacroFigures): void {
  writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`)
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  else if (text !== '') process.stderr.write(`${text}\n`)
}
