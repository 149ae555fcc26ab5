/** Whether a mixed load that has ended left what it ought to: on the real file system, and in what its programs say. */
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './command.ts'
import type { FinishedWorker, MixedLoad } from './kills-load.ts'
import { expectedDirectory, lockFiles, treesPerVm } from './kills-workers.ts'
import { firstDifferences } from './view.ts'

/** Path, type, mode, size, links, link target; then the content. Directories' sizes are a file system's own affair. */
const viewScript = (directory: string) => `cd '${directory}'
export LC_ALL=C
find . -type d -printf '%P\\t%m\\n' | sort
find . ! -type d -printf '%P\\t%y\\t%m\\t%s\\t%n\\t%l\\n' | sort
find . -type f -print0 | sort -z | xargs -0 -r sha256sum`

export interface LoadFigures {
  /** What programs counted, all of a kind together, as `tree create`. */
  readonly counts: Map<string, number>
  filesCompared: number
  roundsRaced: number
  readonly wrong: string[]
}

/** The VMs' mounts are undone and what they said is compared with what is there. */
export async function checkLoad(load: MixedLoad): Promise<LoadFigures> {
  const figures: LoadFigures = { counts: new Map(), filesCompared: 0, roundsRaced: 0, wrong: [] }
  figures.wrong.push(...load.failures)
  for (const vm of load.vms) await vm.sh('umount /mnt')
  for (const worker of load.finished) count(figures.counts, worker)
  await checkTrees(load, figures)
  await checkLocks(load, figures)
  await checkRaces(load, figures)
  await checkGit(load, figures)
  await checkDatabases(load, figures)
  return figures
}

function count(counts: Map<string, number>, { name, output }: FinishedWorker): void {
  const kind = name.replace(/-\d+$/, '')
  for (const match of output.matchAll(/^(\w+) (\d+)$/gm)) {
    const key = `${kind} ${match[1]}`
    counts.set(key, (counts.get(key) ?? 0) + Number(match[2]))
  }
}

async function checkTrees({ vms, machine }: MixedLoad, figures: LoadFigures): Promise<void> {
  for (const vm of vms) {
    for (let tree = 1; tree <= treesPerVm; tree++) {
      const expected = await vm.sh(viewScript(`${expectedDirectory}/tree-${tree}`))
      const directory = join(machine.exportDirectory, vm.name, `tree-${tree}`)
      const found = (await command('sh', ['-e', '-c', viewScript(directory)])).trimEnd()
      figures.filesCompared += expected.split('\n').filter((line) => /^[0-9a-f]{64} /.test(line)).length
      for (const line of firstDifferences(expected, found, 3)) {
        figures.wrong.push(`${vm.name} tree-${tree}: ${line.replace('client:', 'expected:')}`)
      }
    }
  }
}

async function checkLocks({ machine, vms }: MixedLoad, figures: LoadFigures): Promise<void> {
  for (const { file } of lockFiles) {
    const record = await readFile(join(machine.exportDirectory, 'locks', file), 'latin1')
    const expected = `free ${figures.counts.get(`lock-${file} had`) ?? 0}`
    if (record.trim() !== expected) figures.wrong.push(`locks/${file}: '${record.trim()}', not '${expected}'`)
  }
  const left = /^fsva_locks (\d+)$/m.exec(await machine.server.metrics())?.[1]
  if (left !== '0') figures.wrong.push(`${left} locks are left on the server`)
  for (const vm of vms) {
    const messages = await vm.sh('dmesg | grep -E "lockd: .*(reclaim|spurious)" || true')
    if (messages !== '') figures.wrong.push(`${vm.name}'s kernel: ${messages}`)
  }
}

/** In each round that both VMs ran, each of the four names had one winner; in the others whoever ran it won. */
async function checkRaces({ machine, vms, finished }: MixedLoad, figures: LoadFigures): Promise<void> {
  const racers = finished
    .filter(({ name }) => name === 'race')
    .map(({ vm, output }) => ({ vm, wins: output.split('\n')[1] ?? '' }))
  // One that failed is on the list already.
  if (racers.length !== vms.length) return
  const claimed = new Set(readdirSync(join(machine.exportDirectory, 'race', 'claimed')))
  const rounds = Math.max(0, ...racers.map(({ wins }) => wins.length))
  figures.roundsRaced = Math.min(...racers.map(({ wins }) => wins.length))
  for (let round = 0; round < rounds; round++) {
    const won = racers.map(({ wins }) => Number.parseInt(wins[round] ?? '0', 16))
    const sum = won.reduce((total, wins) => total + wins, 0)
    const all = won.reduce((union, wins) => union | wins, 0)
    if (sum !== 15 || all !== 15) figures.wrong.push(`round ${round} was won as ${won.join(' and ')}`)
    const creator = racers[won.findIndex((wins) => (wins & 1) !== 0)]?.vm
    const created = await readFile(join(machine.exportDirectory, 'race', 'created', `${round}`), 'latin1')
    if (created !== creator) figures.wrong.push(`round ${round}: ${creator} created it, it says '${created}'`)
    const claimer = racers[won.findIndex((wins) => (wins & 8) !== 0)]?.vm
    if (!claimed.delete(`${round}.${claimer}`))
      figures.wrong.push(`round ${round}: ${claimer} renamed nothing`)
  }
  for (const name of claimed) figures.wrong.push(`claimed/${name}: nobody says that it won`)
}

async function checkGit({ machine, vms }: MixedLoad, figures: LoadFigures): Promise<void> {
  for (const vm of vms) {
    const repository = join(machine.exportDirectory, vm.name, 'git')
    if (!existsSync(repository)) continue
    await command('git', ['-c', 'safe.directory=*', '-C', repository, 'fsck', '--strict']).catch((error) =>
      figures.wrong.push(`${vm.name} git fsck: ${(error as Error).message}`),
    )
  }
}

async function checkDatabases({ machine, finished }: MixedLoad, figures: LoadFigures): Promise<void> {
  const transactions = (vm: string, kind: string) =>
    finished
      .filter((worker) => worker.vm === vm && worker.name === `sqlite-${kind}`)
      .map(({ output }) => Number(/^transactions (\d+)$/m.exec(output)?.[1]))
      .reduce((sum, number) => sum + number, 0)
  const databases = [
    { path: 'vm1/own.db', expected: { vm1: transactions('vm1', 'own') } },
    { path: 'vm2/own.db', expected: { vm2: transactions('vm2', 'own') } },
    {
      path: 'shared.db',
      expected: { vm1: transactions('vm1', 'shared'), vm2: transactions('vm2', 'shared') },
    },
  ]
  for (const { path, expected } of databases) {
    const sql =
      'PRAGMA integrity_check; SELECT value FROM counter; SELECT vm, count(*), max(n) FROM step GROUP BY vm'
    const found = await command('sqlite3', [join(machine.exportDirectory, path), sql])
    const rows = Object.entries(expected)
    const total = rows.reduce((sum, [, number]) => sum + number, 0)
    const text = `ok\n${total}\n${rows.map(([vm, number]) => `${vm}|${number}|${number}\n`).join('')}`
    if (found !== text) figures.wrong.push(`${path}: ${JSON.stringify(found)}, not ${JSON.stringify(text)}`)
  }
}
