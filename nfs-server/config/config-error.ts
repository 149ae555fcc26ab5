/** One thing that is wrong with the configuration, and where. */
export interface ConfigProblem {
  /** File name as the user gave it, or undefined for the command line. */
  readonly file: string | undefined
  /** 1-based; undefined where the problem has no single place. */
  readonly line: number | undefined
  readonly column: number | undefined
  /** What is wrong and what would be right. */
  readonly message: string
  /** The line's text, shown under the message. */
  readonly source: string | undefined
}

/** The configuration cannot be used. The message lists every problem found, one paragraph each. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describe).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** A problem that has no place in a file. */
export function problemWithoutPlace(message: string): ConfigProblem {
  return { file: undefined, line: undefined, column: undefined, message, source: undefined }
}

function describe(problem: ConfigProblem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':')
  const head = place === '' ? problem.message : `${place}: ${problem.message}`
  if (problem.source === undefined || problem.line === undefined) return head
  const margin = String(problem.line).padStart(5)
  const caret = `${' '.repeat(margin.length)} | ${' '.repeat(Math.max(0, (problem.column ?? 1) - 1))}^`
  return `${head}\n${margin} | ${problem.source}\n${caret}`
}
