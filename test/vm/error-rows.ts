/** Runs the cases of error-cases.ts: what a local program got, what a program in the user VM got, what it should get. */

import { command } from './command.ts'
import { errorCases } from './error-cases.ts'
import type { ErrorScene } from './error-scene.ts'

export interface ErrorRow {
  readonly what: string
  readonly local: string
  readonly remote: string
  readonly expectedLocal: string
  readonly expectedRemote: string
  /** Why the two differ, if they should. */
  readonly why: string
}

/** One line instead of several. */
export function inOneLine(text: string): string {
  return text.replaceAll('\n', ', ')
}

export async function runErrorCases(scene: ErrorScene): Promise<ErrorRow[]> {
  await command('sh', ['-e', '-c', `echo x > file; cd /; mount -o remount,ro ${scene.here('readonly')}`], {
    cwd: scene.here('readonly'),
  })
  const rows: ErrorRow[] = []
  for (const [index, { what, on, prepare, script, uid, local, differs }] of errorCases.entries()) {
    const run = async (where: 'local' | 'remote') => {
      const at = `case-${index}-${where}`
      // What the copy before it gave back counts only when btrfs has written that down.
      const own = `${prepare ?? ''}${script}`.includes('$at')
      const room = on === 'quota' ? 'sync -f .; ' : ''
      const made = own ? `${room}mkdir -m 777 ${at}; at=${at}; ${prepare ?? ''}` : 'true'
      await command('dash', ['-c', made], { cwd: scene.here(on) })
      return scene[where](on, `at=${at}\n${script}`, uid)
    }
    rows.push({
      what,
      local: await run('local'),
      remote: await run('remote'),
      expectedLocal: local,
      expectedRemote: differs?.[0] ?? local,
      why: differs?.[1] ?? '',
    })
  }
  return rows
}
