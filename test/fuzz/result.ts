/** What a run has shown, as plain data: it crosses from the namespace of the run to who asked for it. */
import type { CallCounts } from './fuzzed-server.ts'
import type { Finding, Ledger } from './ledger.ts'
import type { Line, Tally } from './tally.ts'
import { growth, leaks, type Sample, type Watched } from './watch.ts'
import type { Witness } from './witness.ts'

export interface ProcedureFigures {
  readonly program: string
  readonly version: number
  readonly procedure: string
  /** Calls of it that the server counted, those of the witness and repetitions among them. */
  readonly counted: number
  /** Records whose header named it and that were answered. */
  readonly named: number
  readonly ran: number
  readonly ok: number
  readonly live: number
  readonly liveOk: number
  readonly outcomes: Readonly<Record<string, number>>
}

export interface FuzzResult {
  readonly seed: number
  readonly from: number
  readonly seconds: number
  readonly sent: number
  readonly answered: number
  readonly unanswerable: number
  readonly byOrigin: Readonly<Record<string, number>>
  readonly byTransport: Readonly<Record<string, number>>
  readonly fragmented: number
  readonly repeated: number
  readonly elsewhere: Readonly<Record<string, number>>
  readonly procedures: readonly ProcedureFigures[]
  readonly witness: { readonly rounds: number; readonly p50_ms: number; readonly max_ms: number }
  readonly growth: Readonly<Record<Watched, number>>
  readonly samples: readonly Sample[]
  readonly removed: number
  readonly findings: readonly Finding[]
  /** What did not hold besides findings on records, a line each. */
  readonly failures: readonly string[]
}

export interface RunFacts {
  readonly options: { readonly seed: number; readonly from: number; readonly count: number }
  readonly tally: Tally
  readonly ledger: Ledger
  readonly samples: readonly Sample[]
  readonly witness: Witness
  readonly calls: CallCounts
  readonly seconds: number
  readonly changed: readonly string[]
  /** What the server did not give back, a line each. */
  readonly left: readonly string[]
  readonly exitCode: number | null
  readonly complaints: readonly string[]
  readonly removed: number
}

export function makeResult(facts: RunFacts): FuzzResult {
  const { options, tally, ledger, samples, witness, calls } = facts
  const procedures = tally.lines.map((line) => figuresOf(line, calls))
  const grown = (what: Watched) => growth(samples, what)
  return {
    seed: options.seed,
    from: options.from,
    seconds: Math.round(facts.seconds),
    sent: tally.sent,
    answered: tally.answered,
    unanswerable: tally.unanswerable,
    byOrigin: tally.byOrigin,
    byTransport: tally.byTransport,
    fragmented: tally.fragmented,
    repeated: tally.repeated,
    elsewhere: Object.fromEntries(tally.elsewhere),
    procedures,
    witness: { rounds: witness.rounds, p50_ms: witness.duration_ms(0.5), max_ms: witness.duration_ms(1) },
    growth: {
      anonymousBytes: grown('anonymousBytes'),
      heldBytes: grown('heldBytes'),
    },
    samples,
    removed: facts.removed,
    findings: ledger.findings,
    failures: failuresOf(facts, procedures),
  }
}

function figuresOf(
  { target, outcomes, named, ran, ok, live, liveOk }: Line,
  calls: CallCounts,
): ProcedureFigures {
  const procedure = target.name.replace(/^[A-Z]+PROC[0-9]*_/, '')
  const counted = [...(calls.get(`${target.programName} ${target.version} ${procedure}`)?.values() ?? [])]
  return {
    program: target.programName,
    version: target.version,
    procedure,
    counted: counted.reduce((sum, count) => sum + count, 0),
    named,
    ran,
    ok,
    live,
    liveOk,
    outcomes: Object.fromEntries(outcomes),
  }
}

function failuresOf(facts: RunFacts, procedures: readonly ProcedureFigures[]): string[] {
  const { tally, samples, witness, changed, left, exitCode, complaints } = facts
  const due = tally.sent - tally.unanswerable
  const failures = [...leaks(samples), ...left, ...witness.wrong.map((wrong) => `the witness: ${wrong}`)]
  if (witness.rounds === 0) failures.push('the witness was never served')
  if (tally.answered !== due) failures.push(`${tally.answered} of ${due} records were answered`)
  if (changed.length > 0)
    failures.push(`what nobody may change has changed: ${changed.slice(0, 5).join('; ')}`)
  if (exitCode !== 0) failures.push(`the server ended with exit code ${exitCode}`)
  for (const line of complaints.slice(0, 10)) failures.push(`in the log: ${line}`)
  for (const { program, version, procedure, counted, named } of procedures) {
    if (counted < named * 0.999)
      failures.push(`${program} ${version} ${procedure}: ${counted} of ${named} counted`)
  }
  return failures
}
