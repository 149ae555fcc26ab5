import { emitDecode } from './emit-decode.ts'
import { emitEncode } from './emit-encode.ts'
import { emitProgram } from './emit-program.ts'
import { emitType } from './emit-types.ts'
import type { ConstDefinition, Model } from './model.ts'
import { parse } from './parser.ts'
import { resolve } from './resolve.ts'

export interface CompileOptions {
  /** How messages and the header of the generated file name the source. */
  readonly file: string
  /** The directory of reader.ts, writer.ts, xdr-error.ts and procedure.ts as seen from the generated file. */
  readonly runtime: string
}

/** Compiles the text of an `.x` file to the text of a TypeScript module. Throws XdrSyntaxError. */
export function compile(source: string, options: CompileOptions): string {
  return emit(resolve(parse(source, options.file), options.file), options)
}

function emit(model: Model, options: CompileOptions): string {
  const chains = new Set<string>(
    JSON.stringify([...model.definitions], stringifyBigint).match(/(?<="chain","element":")\w+/g),
  )
  const parts = model.definitions.map((definition) => {
    switch (definition.kind) {
      case 'const':
        return emitConst(definition)
      case 'program':
        return emitProgram(model, definition)
      default: {
        const codec = [emitDecode(model, definition), emitEncode(model, definition, chains)]
        return [emitType(model, definition), ...codec].join('\n')
      }
    }
  })
  const body = parts.join('\n')
  return `// Generated from ${options.file} by xdr-parser; do not edit.\n${imports(body, options.runtime)}\n${body}`
}

function stringifyBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function emitConst(definition: ConstDefinition): string {
  const { value } = definition
  const safe = BigInt.asIntN(54, value) === value
  return `export const ${definition.name} = ${value}${safe ? '' : 'n'}\n`
}

/** Only what the body uses, because unused imports do not compile. */
function imports(body: string, runtime: string): string {
  const uses = (name: string) => new RegExp(`\\b${name}\\b`).test(body)
  const voids = ['decodeVoid', 'encodeVoid'].filter(uses)
  const procedure = [...voids, ...(uses('Procedure') ? ['type Procedure'] : [])]
  const ranges = ['asInt32', 'asInt64', 'asUint32', 'asUint64'].filter((name) => body.includes(`, ${name}(`))
  return [
    procedure.length > 0 ? `import { ${procedure.join(', ')} } from '${runtime}/procedure.ts'\n` : '',
    ranges.length > 0 ? `import { ${ranges.join(', ')} } from '${runtime}/range.ts'\n` : '',
    uses('XdrReader') ? `import type { XdrReader } from '${runtime}/reader.ts'\n` : '',
    uses('XdrWriter') ? `import type { XdrWriter } from '${runtime}/writer.ts'\n` : '',
    uses('XdrError') ? `import { XdrError } from '${runtime}/xdr-error.ts'\n` : '',
  ].join('')
}
