/** How many checks a finished step ran, read from its output; a step that says less than it did is a failure. */

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** A tool that only says yes or no by its exit code: one check. */
export function countExit(_output: string, exitCode: number): Counts {
  return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** `test result: ok. 12 passed; 0 failed; 1 ignored; ...`, one line per test binary. */
export function countCargo(output: string, exitCode: number): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const line of output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    counts.passed += Number(line[1])
    counts.failed += Number(line[2])
    counts.skipped += Number(line[3])
  }
  return withExit(counts, exitCode)
}

/** tap's last comment: `# { total: 12, pass: 10, fail: 1, skip: 1 }`, assertions of all files together. */
export function countTap(output: string, exitCode: number): Counts {
  const summary = [...output.matchAll(/^# \{ total: .* \}$/gm)].at(-1)?.[0] ?? ''
  const field = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary)?.[1] ?? 0)
  return withExit({ passed: field('pass'), failed: field('fail'), skipped: field('skip') }, exitCode)
}

/** A step that fails without a failed check (it crashed, or ran nothing) counts as one failure. */
function withExit(counts: Counts, exitCode: number): Counts {
  if ((exitCode !== 0 || counts.passed === 0) && counts.failed === 0) counts.failed = 1
  return counts
}
