/**
 * npx runs a program below a shell. A signal sent to npx ends npx and the shell, and the program never hears of it:
 * it would go on serving, with nobody left who knows its process id.
 */

const watchMs = 200

/** Whether npx started this program, rather than one that started it in turn. */
export function isStartedByNpx(environment: NodeJS.ProcessEnv, program: string): boolean {
  return (
    environment.npm_lifecycle_event === 'npx' && (environment.npm_lifecycle_script ?? '').includes(program)
  )
}

/** Calls back once, when the process that started this one has ended. */
export function whenParentEnds(callback: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    callback()
  }, watchMs)
  timer.unref()
}
