import { readFileSync } from 'node:fs'
import { isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { closest } from './closest.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { type ConfigFile, configSchema, keysAt, valuesAt } from './schema.ts'

type Path = readonly PropertyKey[]
type YamlDocument = ReturnType<typeof parseDocument>

/** A config file as written, and where in it each value stands. */
export interface LoadedConfig {
  readonly config: ConfigFile
  /** A problem at the value at `path`, for checks that the file's shape alone cannot make. */
  problemAt(path: Path, message: string): ConfigProblem
}

const configBytesMax = 1024 * 1024

/** Reads and checks a YAML config file. Throws ConfigError with every problem found. */
export function loadConfig(file: string): LoadedConfig {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error as Error).message
    throw new ConfigError([
      {
        file,
        line: undefined,
        column: undefined,
        message: `cannot read the config: ${reason}`,
        source: undefined,
      },
    ])
  }
  return parseConfig(text, file)
}

/** Like loadConfig for text already read; `file` is only what messages call it. */
export function parseConfig(text: string, file: string): LoadedConfig {
  const lines = new LineCounter()
  const problem = (offset: number | undefined, message: string): ConfigProblem => {
    if (offset === undefined) return { file, line: undefined, column: undefined, message, source: undefined }
    const { line, col } = lines.linePos(offset)
    const source = text.split('\n')[line - 1]
    return { file, line, column: col, message, source: source?.trim() ? source : undefined }
  }
  if (text.length > configBytesMax) throw new ConfigError([problem(undefined, 'is over 1 MiB: not a config')])
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true })
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map((error) => problem(error.pos[0], `YAML: ${error.message}`)))
  }
  if (hasAlias(document)) {
    throw new ConfigError([problem(0, 'uses a YAML alias (*name): write the value out instead')])
  }
  const result = configSchema.safeParse(document.toJS() ?? {}, { reportInput: true })
  if (!result.success) {
    const problems = result.error.issues.flatMap((issue) => problemsOf(issue, document, problem))
    throw new ConfigError(problems.sort(byPlace))
  }
  return {
    config: result.data,
    problemAt: (path, message) => problem(offsetOf(document, path), `${nameOf(path)}: ${message}`),
  }
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}

/** Aliases can blow a small file up to any size, and no setting here needs them. */
function hasAlias(document: YamlDocument): boolean {
  let found = false
  visit(document, {
    Alias() {
      found = true
      return visit.BREAK
    },
  })
  return found
}

function problemsOf(
  issue: z.core.$ZodIssue,
  document: YamlDocument,
  problem: (offset: number | undefined, message: string) => ConfigProblem,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key]
      return problem(
        keyOffsetOf(document, path),
        `${nameOf(path)}: unknown key; ${rightKey(key, issue.path)}`,
      )
    })
  }
  const offset = offsetOf(document, issue.path)
  const name = issue.path.length === 0 ? 'the config' : nameOf(issue.path)
  if (issue.input === undefined) return [problem(offset, `${name} is missing: it ${issue.message}`)]
  const custom = issue.code === 'custom' && issue.params?.saysInput === true
  if (custom) return [problem(offset, `${name}: ${issue.message}`)]
  const meant = typeof issue.input === 'string' ? closest(issue.input, valuesAt(issue.path)) : undefined
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  return [problem(offset, `${name} ${issue.message}, not ${shown(issue.input)}${hint}`)]
}

/** Keys that other NFS servers or our command line know under another name. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['insecure', 'secure: false'],
  ['async', 'sync: false'],
  ['ro', 'read_only: true'],
  ['rw', 'read_only: false'],
  ['no_root_squash', 'squash: no_root_squash'],
  ['root_squash', 'squash: root_squash'],
  ['all_squash', 'squash: all_squash'],
])

function rightKey(key: string, parent: Path): string {
  const keys = keysAt(parent)
  const translated = otherNames.get(key.toLowerCase().replaceAll('-', '_'))
  if (translated !== undefined && keys.includes(translated.split(':')[0]!)) return `write "${translated}"`
  const meant = closest(key, keys)
  return meant === undefined ? `the keys here are ${keys.join(', ')}` : `did you mean ${meant}?`
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (value === null) return 'empty'
  if (typeof value === 'object') return 'a mapping'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}

/** `exports[0].path` for ['exports', 0, 'path']. */
function nameOf(path: Path): string {
  return path.reduce<string>((name, step) => {
    if (typeof step === 'number') return `${name}[${step}]`
    return name === '' ? String(step) : `${name}.${String(step)}`
  }, '')
}

/** Where the value at `path` starts; for one that is missing, where the nearest enclosing value does. */
function offsetOf(document: YamlDocument, path: Path): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return undefined
}

function keyOffsetOf(document: YamlDocument, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  let offset: number | undefined
  if (isNode(parent) && 'items' in parent) {
    for (const item of parent.items) {
      const key = isPair(item) ? item.key : undefined
      if (isScalar(key) && String(key.value) === path.at(-1) && key.range) offset = key.range[0]
    }
  }
  return offset ?? offsetOf(document, path)
}
