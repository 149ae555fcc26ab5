import { decodeExpression } from './emit-decode.ts'
import { encodeStatements } from './emit-encode.ts'
import { typeText } from './emit-types.ts'
import { type Model, type ProgramDefinition, type Type, underlying } from './model.ts'

interface Codec {
  readonly type: string
  readonly decode: string
  readonly encode: string
  /** Functions that have to stand before the table. */
  readonly functions: string
}

export function emitProgram(model: Model, program: ProgramDefinition): string {
  let text = `export const ${program.name} = ${program.number}\n`
  for (const version of program.versions) {
    text += `export const ${version.name} = ${version.number}\n`
    let rows = ''
    for (const procedure of version.procedures) {
      const label = `${version.name}_${procedure.name}`
      const parameters = codecOf(model, procedure.parameters, `${label}_arguments`)
      const result = codecOf(model, [procedure.result], `${label}_result`)
      text += parameters.functions + result.functions
      rows +=
        `  ${procedure.name}: {\n    number: ${procedure.number},\n    name: '${procedure.name}',\n` +
        `    decodeArguments: ${parameters.decode},\n    encodeArguments: ${parameters.encode},\n` +
        `    decodeResult: ${result.decode},\n    encodeResult: ${result.encode},\n` +
        `  } satisfies Procedure<${parameters.type}, ${result.type}>,\n`
    }
    text += `export const ${version.name}_PROCEDURES = {\n${rows}} as const\n`
  }
  return text
}

/** No type is void; several are a tuple. */
function codecOf(model: Model, types: readonly Type[], name: string): Codec {
  const only = types[0]
  if (only === undefined || (types.length === 1 && only.kind === 'void')) {
    return { type: 'undefined', decode: 'decodeVoid', encode: 'encodeVoid', functions: '' }
  }
  if (types.length === 1 && only.kind === 'reference') {
    const base = underlying(model, only)
    const target = base.kind === 'reference' ? base.name : only.name
    return { type: only.name, decode: `decode${target}`, encode: `encode${target}`, functions: '' }
  }
  const tuple = types.length > 1
  const texts = types.map((type) => typeText(model, type))
  const type = tuple ? `readonly [${texts.join(', ')}]` : texts[0]!
  const expressions = types.map((part) => decodeExpression(model, part))
  const statements = types.map((part, i) =>
    encodeStatements(model, part, tuple ? `value[${i}]` : 'value', '  '),
  )
  const functions =
    `function decode${name}(reader: XdrReader): ${type} {\n` +
    `  return ${tuple ? `[${expressions.join(', ')}]` : expressions[0]}\n}\n` +
    `function encode${name}(writer: XdrWriter, value: ${type}): void {\n${statements.join('')}}\n`
  return { type, decode: `decode${name}`, encode: `encode${name}`, functions }
}
