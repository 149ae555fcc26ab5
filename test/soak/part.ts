/** What a part of the soak is: a long proof whose figures end up in docs/reliability.md. */

export interface SoakContext {
  /** Multiplies the part's counts: 1 is what docs/reliability.md reports, less is a trial. */
  readonly scale: number
  /** Says in one line how far the work is. */
  progress(text: string): void
}

export interface SoakTable {
  readonly caption: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

export interface SoakResult {
  /** Markdown paragraphs: what was done and what was seen, every figure counted in this run. */
  readonly paragraphs: readonly string[]
  readonly tables: readonly SoakTable[]
  /** What went wrong, a line each; none means that the claim holds. */
  readonly failures: readonly string[]
}

export interface SoakPart {
  /** Its name on the command line and of its result in docs/reliability/. */
  readonly name: string
  /** Its heading in docs/reliability.md. */
  readonly title: string
  /** The claim it proves and how, for --help and under the heading. */
  readonly summary: string
  run(context: SoakContext): Promise<SoakResult>
}

/** A count at the given scale, never under 1. */
export function scaled(context: SoakContext, count: number): number {
  return Math.max(1, Math.round(count * context.scale))
}
