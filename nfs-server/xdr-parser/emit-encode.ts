import { isNumeric, labelText, typeText } from './emit-types.ts'
import { coversAll, isNullable, optionalField } from './layout.ts'
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
  int: ['setInt32', 4, 'asInt32'],
  uint: ['setUint32', 4, 'asUint32'],
  hyper: ['setBigInt64', 8, 'asInt64'],
  uhyper: ['setBigUint64', 8, 'asUint64'],
  float: ['setFloat32', 4, ''],
  double: ['setFloat64', 8, ''],
  bool: ['setUint32', 4, 'Number'],
} as const

/** One word or double word of a run of fields of fixed size, which are written with one check for room. */
interface Piece {
  readonly setter: string
  readonly bytes: number
  readonly value: string
  /** Where it is, from the struct being encoded. */
  readonly path: string
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

function pieces(model: Model, type: Type, path: string): Piece[] | undefined {
  const value = `value.${path}`
  const base = underlying(model, type)
  if (base.kind === 'reference') {
    const definition = model.types.get(base.name)!
    if (definition.kind === 'enum')
      return [{ setter: 'setInt32', bytes: 4, value: `asInt32(${value})`, path }]
    if (definition.kind !== 'struct' || definition.linked) return undefined
    const all: Piece[] = []
    for (const field of definition.fields) {
      const some = pieces(model, field.type, `${path}.${field.name}`)
      if (some === undefined || all.length + some.length > piecesMax) return undefined
      all.push(...some)
    }
    return all
  }
  if (!(base.kind in setters)) return undefined
  const [setter, bytes, check] = setters[base.kind as keyof typeof setters]
  return [{ setter, bytes, value: check === '' ? value : `${check}(${value})`, path }]
}

function emitRun(run: readonly Piece[], number: number, indent: string): string {
  const at = `at${number}`
  const view = `view${number}`
  let offset = 0
  let text = ''
  for (const piece of run) {
    if (offset > 0) text += `${indent}field = '${piece.path}'\n`
    text += `${indent}${view}.${piece.setter}(${at}${offset === 0 ? '' : ` + ${offset}`}, ${piece.value})\n`
    offset += piece.bytes
  }
  // The view after the room: taking room may move on to another chunk.
  const room = `${indent}const ${at} = writer.take(${offset})\n${indent}const ${view} = writer.view\n`
  return `${indent}field = '${run[0]!.path}'\n${room}${text}`
}

function isArray(type: Type): boolean {
  return type.kind === 'array' || type.kind === 'fixed-array'
}

function signature(name: string): string {
  return `export function encode${name}(writer: XdrWriter, value: ${name}): void {\n`
}

/** Wraps the body of an encoder so that a failure learns its place; on success this costs nothing. */
function guarded(name: string, indexed: boolean, body: string): string {
  const first = /^ *field = ('.*')\n/.exec(body)
  const rest = first === null ? body : body.slice(first[0].length)
  const tracked = / field = /.test(rest)
  const initial = first?.[1] ?? "''"
  return (
    `${tracked ? `  let field = ${initial}\n` : ''}${indexed ? '  let index = -1\n' : ''}` +
    `  try {\n${rest}  } catch (error) {\n` +
    `    throw XdrError.within(error, '${name}', ${tracked ? 'field' : initial}, ${indexed ? 'index' : '-1'})\n  }\n}\n`
  )
}

export function emitEncode(model: Model, definition: TypeDefinition, chains: ReadonlySet<string>): string {
  const { name } = definition
  switch (definition.kind) {
    case 'enum':
      return `${signature(name)}  writer.writeInt32(value)\n}\n`
    case 'typedef': {
      const body = encodeStatements(model, definition.type, 'value', '    ')
      return signature(name) + guarded(name, isArray(definition.type), body)
    }
    case 'struct': {
      const indexed = definition.fields.some((field) => isArray(field.type))
      const single = signature(name) + guarded(name, indexed, encodeFields(model, definition.fields))
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
      text += `    field = '${alone.name}'\n`
      text += encodeStatements(model, alone.type, `value.${alone.name}`, '    ')
    } else if (run.length > 0) {
      text += emitRun(run, runs++, '    ')
    }
    run = []
    alone = undefined
  }
  for (const field of fields) {
    const some = pieces(model, field.type, field.name)
    if (some !== undefined) {
      alone = run.length === 0 ? field : undefined
      run.push(...some)
      continue
    }
    flush()
    text += `    field = '${field.name}'\n`
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
      `    field = '${arm.field.name}'\n` +
      '    if (value === undefined) {\n      writer.writeUint32(0)\n      return\n    }\n' +
      `    writer.writeUint32(1)\n${encodeStatements(model, optional, 'value', '    ')}`
    return signature(name) + guarded(name, isArray(optional), body)
  }
  const arms = union.arms.map((arm) => {
    const cases =
      arm.labels.length === 0
        ? '      default:\n'
        : arm.labels.map((label) => `      case ${labelText(model, union, label)}:\n`).join('')
    if (arm.field.type.kind === 'void') return `${cases}        return\n`
    const base = `value.${arm.field.name}`
    const access = isNumeric(union) ? `(${base} as ${typeText(model, arm.field.type)})` : base
    const note = `        field = '${arm.field.name}'\n`
    return `${cases}${note}${encodeStatements(model, arm.field.type, access, '        ')}        return\n`
  })
  const hasDefault = union.arms.some((arm) => arm.labels.length === 0)
  const otherwise =
    hasDefault || coversAll(model, union)
      ? ''
      : "      default:\n        throw new XdrError('the discriminant has no arm')\n"
  const body =
    `    field = '${discriminant.name}'\n` +
    encodeStatements(model, discriminant.type, `value.${discriminant.name}`, '    ') +
    `    switch (value.${discriminant.name}) {\n${arms.join('')}${otherwise}    }\n`
  const indexed = union.arms.some((arm) => isArray(arm.field.type))
  return signature(name) + guarded(name, indexed, body)
}
