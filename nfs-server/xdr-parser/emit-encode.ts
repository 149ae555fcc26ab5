import { coversAll } from './emit-decode.ts'
import { isNumeric, labelText, typeText } from './emit-types.ts'
import { isNullable, optionalField } from './layout.ts'
import { type Model, type Type, type TypeDefinition, type UnionDefinition, underlying } from './model.ts'

const writers = {
  int: 'writeInt32',
  uint: 'writeUint32',
  hyper: 'writeInt64',
  uhyper: 'writeUint64',
  float: 'writeFloat32',
  double: 'writeFloat64',
  bool: 'writeBool',
} as const
const setters = {
  int: ['setInt32', 4],
  uint: ['setUint32', 4],
  hyper: ['setBigInt64', 8],
  uhyper: ['setBigUint64', 8],
  float: ['setFloat32', 4],
  double: ['setFloat64', 8],
  bool: ['setUint32', 4],
} as const

/** One word or double word of a run of fields of fixed size, which are written with one check for room. */
interface Piece {
  readonly setter: string
  readonly bytes: number
  readonly value: string
}
const piecesMax = 64

/** Statements that encode `value`, an expression without side effects. */
export function encodeStatements(model: Model, type: Type, value: string, indent: string): string {
  switch (type.kind) {
    case 'void':
      return ''
    case 'fixed-opaque':
      return `${indent}writer.writeFixedOpaque(${value}, ${type.length})\n`
    case 'opaque':
      return `${indent}writer.writeOpaque(${value}, ${type.max})\n`
    case 'string':
      return `${indent}writer.${model.stringsAreText ? 'writeText' : 'writeOpaque'}(${value}, ${type.max})\n`
    case 'optional': {
      const inner = isNullable(model, type.element) ? `${value}.value` : value
      return (
        `${indent}if (${value} === undefined) writer.writeUint32(0)\n${indent}else {\n` +
        `${indent}  writer.writeUint32(1)\n` +
        `${encodeStatements(model, type.element, inner, `${indent}  `)}${indent}}\n`
      )
    }
    case 'list':
      return `${indent}encode${type.element}List(writer, ${value})\n`
    case 'chain':
      return `${indent}encode${type.element}Chain(writer, ${value})\n`
    case 'array':
    case 'fixed-array': {
      const count =
        type.kind === 'array'
          ? `writer.writeCount(${value}.length, ${type.max})`
          : `writer.checkCount(${value}.length, ${type.length})`
      return (
        `${indent}${count}\n${indent}for (index = 0; index < ${value}.length; index++) {\n` +
        `${indent}  const element = ${value}[index] as ${typeText(model, type.element)}\n` +
        `${encodeStatements(model, type.element, 'element', `${indent}  `)}${indent}}\n${indent}index = -1\n`
      )
    }
    case 'reference': {
      const base = underlying(model, type)
      if (base.kind === 'reference') {
        const definition = model.types.get(base.name)!
        if (definition.kind === 'enum') return `${indent}writer.writeInt32(${value})\n`
        return `${indent}encode${base.name}(writer, ${value})\n`
      }
      if (base.kind === 'array' || base.kind === 'fixed-array' || base.kind === 'optional') {
        return `${indent}encode${type.name}(writer, ${value})\n`
      }
      return encodeStatements(model, base, value, indent)
    }
    default:
      return `${indent}writer.${writers[type.kind]}(${value})\n`
  }
}

function pieces(model: Model, type: Type, value: string): Piece[] | undefined {
  const base = underlying(model, type)
  if (base.kind === 'reference') {
    const definition = model.types.get(base.name)!
    if (definition.kind === 'enum') return [{ setter: 'setInt32', bytes: 4, value }]
    if (definition.kind !== 'struct' || definition.linked) return undefined
    const all: Piece[] = []
    for (const field of definition.fields) {
      const some = pieces(model, field.type, `${value}.${field.name}`)
      if (some === undefined || all.length + some.length > piecesMax) return undefined
      all.push(...some)
    }
    return all
  }
  if (!(base.kind in setters)) return undefined
  const [setter, bytes] = setters[base.kind as keyof typeof setters]
  return [{ setter, bytes, value: base.kind === 'bool' ? `${value} ? 1 : 0` : value }]
}

function emitRun(run: readonly Piece[], number: number, indent: string): string {
  const at = `at${number}`
  const view = `view${number}`
  let offset = 0
  let text = ''
  for (const piece of run) {
    text += `${indent}${view}.${piece.setter}(${at}${offset === 0 ? '' : ` + ${offset}`}, ${piece.value})\n`
    offset += piece.bytes
  }
  // The view after the room: taking room may move on to another chunk.
  return `${indent}const ${at} = writer.take(${offset})\n${indent}const ${view} = writer.view\n${text}`
}

function isArray(type: Type): boolean {
  return type.kind === 'array' || type.kind === 'fixed-array'
}

function signature(name: string): string {
  return `export function encode${name}(writer: XdrWriter, value: ${name}): void {\n`
}

/** Wraps the body of an encoder that can fail so that the failure learns its place. */
function guarded(name: string, fields: readonly string[], indexed: boolean, body: string): string {
  if (!/writeFixedOpaque|writeOpaque|writeText|Count|encode[A-Za-z]|throw/.test(body)) {
    return body.replace(/^ {2}/gm, '').concat('}\n')
  }
  const tracked = / field = /.test(body)
  const variable = tracked ? `  let field = '${fields[0] ?? ''}'\n` : ''
  return (
    `${variable}${indexed ? '  let index = -1\n' : ''}  try {\n${body}  } catch (error) {\n` +
    `    throw XdrError.within(error, '${name}', ${tracked ? 'field' : `'${fields[0] ?? ''}'`}, ${indexed ? 'index' : '-1'})\n  }\n}\n`
  )
}

export function emitEncode(model: Model, definition: TypeDefinition, chains: ReadonlySet<string>): string {
  const { name } = definition
  switch (definition.kind) {
    case 'enum':
      return `${signature(name)}  writer.writeInt32(value)\n}\n`
    case 'typedef': {
      const body = encodeStatements(model, definition.type, 'value', '    ')
      return signature(name) + guarded(name, [], isArray(definition.type), body)
    }
    case 'struct': {
      const names = definition.fields.map((field) => field.name)
      const indexed = definition.fields.some((field) => isArray(field.type))
      const single = signature(name) + guarded(name, names, indexed, encodeFields(model, definition.fields))
      const list = definition.linked ? encodeList(name) : ''
      return single + list + (chains.has(name) ? encodeChain(name) : '')
    }
    case 'union':
      return encodeUnion(model, definition)
  }
}

function encodeFields(model: Model, fields: readonly { name: string; type: Type }[]): string {
  let text = ''
  let run: Piece[] = []
  let runs = 0
  let alone: { type: Type; name: string } | undefined
  const flush = (): void => {
    if (run.length === 1 && alone !== undefined) {
      text += encodeStatements(model, alone.type, `value.${alone.name}`, '    ')
    } else if (run.length > 0) {
      text += emitRun(run, runs++, '    ')
    }
    run = []
    alone = undefined
  }
  for (const [i, field] of fields.entries()) {
    const some = pieces(model, field.type, `value.${field.name}`)
    if (some !== undefined) {
      alone = run.length === 0 ? field : undefined
      run.push(...some)
      continue
    }
    flush()
    if (i > 0) text += `    field = '${field.name}'\n`
    text += encodeStatements(model, field.type, `value.${field.name}`, '    ')
  }
  flush()
  return text
}

function encodeList(name: string): string {
  return (
    `\nexport function encode${name}List(writer: XdrWriter, value: readonly ${name}[]): void {\n` +
    '  let index = 0\n  try {\n' +
    '    for (; index < value.length; index++) {\n      writer.writeUint32(1)\n' +
    `      encode${name}(writer, value[index] as ${name})\n    }\n    writer.writeUint32(0)\n` +
    `  } catch (error) {\n    throw XdrError.within(error, '${name}', '', index)\n  }\n}\n`
  )
}

function encodeChain(name: string): string {
  return (
    `\nexport function encode${name}Chain(writer: XdrWriter, value: readonly ${name}[]): void {\n` +
    '  const [first, ...rest] = value\n' +
    "  if (first === undefined) throw new XdrError('at least one element has to be there')\n" +
    `  encode${name}(writer, first)\n  encode${name}List(writer, rest)\n}\n`
  )
}

function encodeUnion(model: Model, union: UnionDefinition): string {
  const { name, discriminant } = union
  const optional = optionalField(model, union)
  if (optional !== undefined) {
    const arm = union.arms.find((candidate) => candidate.labels[0] === 1)!
    const body =
      '    if (value === undefined) {\n      writer.writeUint32(0)\n      return\n    }\n' +
      `    writer.writeUint32(1)\n${encodeStatements(model, optional, 'value', '    ')}`
    return signature(name) + guarded(name, [arm.field.name], isArray(optional), body)
  }
  const arms = union.arms.map((arm) => {
    const cases =
      arm.labels.length === 0
        ? '      default:\n'
        : arm.labels.map((label) => `      case ${labelText(model, union, label)}:\n`).join('')
    if (arm.field.type.kind === 'void') return `${cases}        return\n`
    const base = `value.${arm.field.name}`
    const access =
      isNumeric(union) && arm.labels.length > 0 ? `(${base} as ${typeText(model, arm.field.type)})` : base
    const note = `        field = '${arm.field.name}'\n`
    return `${cases}${note}${encodeStatements(model, arm.field.type, access, '        ')}        return\n`
  })
  const hasDefault = union.arms.some((arm) => arm.labels.length === 0)
  const otherwise =
    hasDefault || coversAll(model, union)
      ? ''
      : "      default:\n        throw new XdrError('the discriminant has no arm')\n"
  const body =
    encodeStatements(model, discriminant.type, `value.${discriminant.name}`, '    ') +
    `    switch (value.${discriminant.name}) {\n${arms.join('')}${otherwise}    }\n`
  const indexed = union.arms.some((arm) => isArray(arm.field.type))
  return signature(name) + guarded(name, [discriminant.name], indexed, body)
}
