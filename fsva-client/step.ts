import { ClientError, type ExitCode } from './exit-codes.ts'

/** Outcome of one check, as `doctor` prints it and as --json gives it. */
export interface Step {
  readonly name: string
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What was found, in plain words. */
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string | undefined
  /** What fsva-client exits with if this is what stands in the way; only with status failed. */
  readonly exitCode?: ExitCode | undefined
}

/** Runs a check; a ClientError that it throws becomes a failed step. */
export function failedStep(name: string, error: unknown): Step {
  if (!(error instanceof ClientError)) throw error
  const { message, advice, exitCode } = error
  return { name, status: 'failed', detail: message, advice, exitCode }
}
