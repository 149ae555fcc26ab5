/** docs/reliability.md, made from the results of the soak's parts in docs/reliability/. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { markdownTable } from '../../bench/report/markdown.ts'
import type { SoakPart, SoakResult, SoakTable } from './part.ts'

const docs = join(import.meta.dirname, '..', '..', 'docs')
export const resultsDirectory = join(docs, 'reliability')
export const reportPath = join(docs, 'reliability.md')

/** A part's result as it is kept. */
export interface KeptResult extends SoakResult {
  /** ISO day of the run. */
  readonly day: string
  readonly scale: number
  readonly seconds: number
  readonly machine: string
}

export function keepResult(name: string, result: KeptResult): void {
  mkdirSync(resultsDirectory, { recursive: true })
  writeFileSync(join(resultsDirectory, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
}

/** The whole document. A part that has never run says so. */
export function renderReport(parts: readonly SoakPart[]): string {
  const head = [
    '# Reliability',
    '<!-- Made by `npm run soak`: edit test/soak, not this. -->',
    'What `npm run soak` did to the server and what it saw. Every figure was counted in the run named under its heading;\n' +
      '`npm run soak` makes them anew, `npm run soak -- --help` lists its parts, and `npm test` runs a short form of each.',
  ]
  return `${[...head, ...parts.flatMap((part) => section(part, kept(part.name)))].join('\n\n')}\n`
}

function kept(name: string): KeptResult | undefined {
  const path = join(resultsDirectory, `${name}.json`)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

function section(part: SoakPart, result: KeptResult | undefined): string[] {
  const heading = [`## ${part.title}`, part.summary]
  if (result === undefined) return [...heading, `Not run yet: \`npm run soak -- ${part.name}\`.`]
  const scale = result.scale === 1 ? '' : ` --scale ${result.scale}`
  const ran = `\`npm run soak -- ${part.name}${scale}\`, ${result.day}, ${duration(result.seconds)}, ${result.machine}.`
  const failures =
    result.failures.length === 0
      ? ['**Held.**']
      : [
          `**Did not hold: ${result.failures.length}.**`,
          result.failures.map((line) => `- ${line}`).join('\n'),
        ]
  return [...heading, ran, ...failures, ...result.paragraphs, ...result.tables.flatMap(table)]
}

function table({ caption, columns, rows }: SoakTable): string[] {
  const text = markdownTable(columns, rows)
  return caption === '' ? [text] : [caption, text]
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return `${Math.round(seconds / 60)} min`
}
