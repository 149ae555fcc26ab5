/** What programs in a user VM are told when the server's file system says no, next to what local programs are told. */
import { quotaRows } from '../vm/error-quota.ts'
import { type ErrorRow, inOneLine, runErrorCases } from '../vm/error-rows.ts'
import { ErrorScene } from '../vm/error-scene.ts'
import { breakDisk, die, freeze, hang, removeOpen, serverLog, type WaitResult } from '../vm/error-waits.ts'
import { type WalkedErrno, walkErrnos } from '../vm/error-walk.ts'
import type { SoakPart } from './part.ts'

export const part: SoakPart = {
  name: 'errors',
  title: 'Errors keep their meaning',
  summary:
    'Each of these is done by a local program on the server and by a program in a user VM, through the mount. Both must be ' +
    'told what the table says.',
  async run(context) {
    context.progress('quotas in an appliance VM')
    const quota = await quotaRows()
    const scene = await ErrorScene.start()
    try {
      context.progress('errors one by one')
      const rows = [...quota, ...(await runErrorCases(scene))]
      context.progress('every errno number')
      const walked = await walkErrnos(scene)
      const waits: WaitResult[] = []
      for (const stop of [removeOpen, freeze, hang, breakDisk, die]) {
        context.progress(stop.name)
        waits.push(await stop(scene))
      }
      return {
        paragraphs: [],
        tables: [tableOfRows(rows), tableOfWaits(waits), tableOfErrnos(walked)],
        failures: [
          ...rows.flatMap(wrongRow),
          ...waits.flatMap(wrongWait),
          ...walked
            .filter(({ name, local, remote, expected }) => local !== name || remote !== expected)
            .map(({ name, local, remote }) => `${name}: local ${local}, in the VM ${remote}`),
          ...serverLog(scene),
        ],
      }
    } finally {
      scene.close()
    }
  },
}

function tableOfRows(rows: readonly ErrorRow[]) {
  return {
    caption: 'Operations, in the order of their answers:',
    columns: ['what', 'local program', 'program in the VM', 'why, if they differ'],
    rows: rows.map(({ what, local, remote, why }) => [what, short(local), short(remote), why]),
  }
}

function tableOfWaits(waits: readonly WaitResult[]) {
  return {
    caption: 'File systems that stop answering:',
    columns: ['what', 'programs that used it', 'what was seen'],
    rows: waits.map(({ what, programs, seen }) => [
      what,
      programs,
      seen
        .map(([name, got, expected]) => `${name}${/^E/.test(expected) ? `: ${short(got)}` : ''}`)
        .join('; '),
    ]),
  }
}

function tableOfErrnos(walked: readonly WalkedErrno[]) {
  const same = walked.filter(({ local, remote }) => local === remote).map(({ name }) => name)
  const others = walked.filter(({ local, remote }) => local !== remote)
  return {
    caption: `A file system that fails with every errno number there is a status for: ${same.length} arrive as they are (${same.join(', ')}), the others as NFSv3 can say them:`,
    columns: ['errno on the server', 'in the VM'],
    rows: others.map(({ name, remote }) => [
      name,
      remote === 'waited' ? 'waits and tries again' : short(remote),
    ]),
  }
}

function short(text: string): string {
  return inOneLine(text)
}

function wrongRow({ what, local, remote, expectedLocal, expectedRemote }: ErrorRow): string[] {
  if (local === expectedLocal && remote === expectedRemote) return []
  return [`${what}: local ${short(local)}, in the VM ${short(remote)}, expected ${short(expectedRemote)}`]
}

function wrongWait({ what, seen }: WaitResult): string[] {
  return seen
    .filter(([, got, expected]) => got !== expected)
    .map(([name, got]) => `${what}: ${name}: ${short(got)}`)
}
