#!/usr/bin/env node
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compile } from './compile.ts'
import { XdrSyntaxError } from './xdr-syntax-error.ts'

const usage = `usage: main.ts [--check] [--runtime DIR] [FILE.x ...]

Compiles each FILE.x to generated/FILE.ts beside it; without files, all .x files of nfs-server/xdr.
--check    write nothing; fail with the names of the generated files that are missing or stale
--runtime  the directory of reader.ts and its like as seen from a generated file (..)`

interface Options {
  readonly check: boolean
  readonly runtime: string
}

async function defaultFiles(): Promise<string[]> {
  const directory = fileURLToPath(new URL('../xdr/', import.meta.url))
  const names = await readdir(directory)
  return names.filter((name) => name.endsWith('.x')).map((name) => join(directory, name))
}

/** Answers whether the generated file was what the source says. */
async function bringUpToDate(source: string, { check, runtime }: Options): Promise<boolean> {
  const target = join(dirname(source), 'generated', `${basename(source, '.x')}.ts`)
  const generated = compile(await readFile(source, 'utf8'), { file: basename(source), runtime })
  const before = await readFile(target, 'utf8').catch(() => undefined)
  if (before === generated) return true
  const shown = relative(process.cwd(), target)
  if (check) {
    console.error(
      `${shown} is ${before === undefined ? 'missing' : 'stale'}: run npm run generate -w @fsva/xdr-parser`,
    )
    return false
  }
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, generated)
  console.log(`${shown} written`)
  return false
}

/** What the file system says, in words that name the file. */
function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}

function parseCommandLine() {
  try {
    return parseArgs({
      options: { check: { type: 'boolean' }, runtime: { type: 'string' }, help: { type: 'boolean' } },
      allowPositionals: true,
    })
  } catch (error) {
    return (error as Error).message
  }
}

async function main(): Promise<number> {
  const commandLine = parseCommandLine()
  if (typeof commandLine === 'string') {
    console.error(`${commandLine}\n\n${usage}`)
    return 2
  }
  const { values, positionals } = commandLine
  if (values.help) {
    console.log(usage)
    return 0
  }
  const options = { check: values.check ?? false, runtime: values.runtime ?? '..' }
  let failed = false
  for (const source of positionals.length > 0 ? positionals : await defaultFiles()) {
    try {
      if (!(await bringUpToDate(source, options)) && options.check) failed = true
    } catch (error) {
      if (!(error instanceof XdrSyntaxError) && !isFileError(error)) throw error
      console.error(error.message)
      failed = true
    }
  }
  return failed ? 1 : 0
}

process.exitCode = await main()
