import { arrayText, isNumeric, labelText } from './emit-types.ts'
import { coversAll, isNullable, minimumBytes, optionalField } from './layout.ts'
import {
  type EnumDefinition,
  type Model,
  type Type,
  type TypeDefinition,
  type UnionDefinition,
  underlying,
} from './model.ts'

const readers = {
  int: 'reader.readInt32()',
  uint: 'reader.readUint32()',
  hyper: 'reader.readInt64()',
  uhyper: 'reader.readUint64()',
  float: 'reader.readFloat32()',
  double: 'reader.readFloat64()',
  bool: 'reader.readBool()',
} as const

/** An expression that decodes a value of any type but an array, which takes a loop (`decodeStatements`). */
export function decodeExpression(model: Model, type: Type): string {
  switch (type.kind) {
    case 'void':
      return 'undefined'
    case 'fixed-opaque':
      return `reader.readFixedOpaque(${type.length})`
    case 'opaque':
      return `reader.readOpaque(${type.max})`
    case 'string':
      return `reader.${model.stringsAreText ? 'readText' : 'readOpaque'}(${type.max})`
    case 'optional': {
      const element = decodeExpression(model, type.element)
      return `reader.readBool() ? ${isNullable(model, type.element) ? `{ value: ${element} }` : element} : undefined`
    }
    case 'list':
      return `decode${type.element}List(reader)`
    case 'chain':
      return `[decode${type.element}(reader), ...decode${type.element}List(reader)]`
    case 'reference': {
      const base = underlying(model, type)
      const isArray = base.kind === 'array' || base.kind === 'fixed-array'
      // One call less for `typedef unsigned hyper offset3` and its like.
      return base.kind === 'reference' || isArray
        ? `decode${isArray ? type.name : base.name}(reader)`
        : decodeExpression(model, base)
    }
    case 'array':
    case 'fixed-array':
      throw new Error('an array takes statements')
    default:
      return readers[type.kind]
  }
}

/** Statements that declare `target` and decode into it. */
function decodeStatements(model: Model, type: Type, target: string, indent: string): string {
  if (type.kind !== 'array' && type.kind !== 'fixed-array') {
    return `${indent}const ${target} = ${decodeExpression(model, type)}\n`
  }
  const bytes = minimumBytes(model.types, type.element)
  const head =
    type.kind === 'array'
      ? `${indent}const ${target}count = reader.readCount(${type.max}, ${bytes})\n`
      : `${indent}const ${target}count = ${type.length}\n${indent}reader.checkCount(${target}count, ${bytes})\n`
  return (
    `${head}${indent}const ${target}: ${arrayText(model, type.element)} = []\n` +
    `${indent}for (index = 0; index < ${target}count; index++) {\n` +
    `${indent}  ${target}.push(${decodeExpression(model, type.element)})\n` +
    `${indent}}\n${indent}index = -1\n`
  )
}

function isArray(type: Type): boolean {
  return type.kind === 'array' || type.kind === 'fixed-array'
}

function signature(name: string, result: string): string {
  return `export function decode${name}(reader: XdrReader): ${result} {\n`
}

export function emitDecode(model: Model, definition: TypeDefinition): string {
  const { name } = definition
  switch (definition.kind) {
    case 'enum':
      return decodeEnum(definition)
    case 'typedef': {
      if (!isArray(definition.type)) {
        return `${signature(name, name)}  return ${decodeExpression(model, definition.type)}\n}\n`
      }
      const body = `${decodeStatements(model, definition.type, 'value_', '    ')}    return value_\n`
      return signature(name, name) + guarded(model, name, "''", true, '', body)
    }
    case 'struct': {
      const indexed = definition.fields.some((field) => isArray(field.type))
      const first = definition.fields[0]?.name ?? ''
      const body = definition.fields
        .map((field, i) => {
          const note = i === 0 ? '' : `    field = '${field.name}'\n`
          return note + decodeStatements(model, field.type, `${field.name}_`, '    ')
        })
        .join('')
      const names = definition.fields.map((field) => `${field.name}: ${field.name}_`).join(', ')
      const variable = definition.fields.length > 1 ? `  let field = '${first}'\n` : ''
      const where = variable === '' ? `'${first}'` : 'field'
      const single =
        signature(name, name) +
        guarded(model, name, where, indexed, variable, `${body}    return { ${names} }\n`)
      return definition.linked ? single + decodeList(name) : single
    }
    case 'union':
      return decodeUnion(model, definition)
  }
}

/** Wraps the body of a decoder so that a failure learns its place; on success this costs nothing. */
function guarded(
  model: Model,
  name: string,
  field: string,
  indexed: boolean,
  variable: string,
  body: string,
): string {
  const index = indexed ? '  let index = -1\n' : ''
  const recursive = model.recursive.has(name)
  const inner = recursive
    ? `    reader.enter()\n${body.replace(/^( *)return (.*)$/gm, '$1const result = $2\n$1reader.leave()\n$1return result')}`
    : body
  return (
    `${variable}${index}  try {\n${inner}  } catch (error) {\n` +
    `    throw XdrError.within(error, '${name}', ${field}, ${indexed ? 'index' : '-1'})\n  }\n}\n`
  )
}

function decodeEnum(definition: EnumDefinition): string {
  const { name } = definition
  const values = definition.members.map((member) => member.value)
  const low = Math.min(...values)
  const high = Math.max(...values)
  const contiguous = new Set(values).size === high - low + 1
  const wrong = `throw new XdrError(\`\${value} is not a value of ${name}\`)`
  const check = contiguous
    ? `  if (value < ${low} || value > ${high}) ${wrong}\n  return value as ${name}\n`
    : `  switch (value) {\n${[...new Set(values)].map((v) => `    case ${v}:\n`).join('')}      return value\n` +
      `    default:\n      ${wrong}\n  }\n`
  return `${signature(name, name)}  const value = reader.readInt32()\n${check}}\n`
}

function decodeList(name: string): string {
  return (
    `\nexport function decode${name}List(reader: XdrReader): ${name}[] {\n` +
    '  let index = 0\n  try {\n' +
    `    const list: ${name}[] = []\n` +
    `    for (; reader.readBool(); index++) list.push(decode${name}(reader))\n` +
    '    return list\n' +
    `  } catch (error) {\n    throw XdrError.within(error, '${name}', '', index)\n  }\n}\n`
  )
}

function decodeUnion(model: Model, union: UnionDefinition): string {
  const { name, discriminant } = union
  const head = signature(name, name)
  const optional = optionalField(model, union)
  if (optional !== undefined) {
    const arm = union.arms.find((candidate) => candidate.labels[0] === 1)!
    const indexed = isArray(optional)
    const body =
      '    if (!reader.readBool()) return undefined\n' +
      `    field = '${arm.field.name}'\n` +
      (indexed
        ? `${decodeStatements(model, optional, 'value_', '    ')}    return value_\n`
        : `    return ${decodeExpression(model, optional)}\n`)
    return head + guarded(model, name, 'field', indexed, `  let field = '${discriminant.name}'\n`, body)
  }
  const indexed = union.arms.some((arm) => isArray(arm.field.type))
  const arms = union.arms.map((arm) => {
    const cases =
      arm.labels.length === 0
        ? '      default: {\n'
        : `${arm.labels
            .map((label) => `      case ${labelText(model, union, label)}:\n`)
            .join('')
            .slice(0, -1)} {\n`
    const narrowed =
      isNumeric(union) && arm.labels.length > 0
        ? `: ${discriminant.name}_${arm.labels.length === 0 ? '' : ` as ${arm.labels.join(' | ')}`}`
        : `: ${discriminant.name}_`
    if (arm.field.type.kind === 'void')
      return `${cases}        return { ${discriminant.name}${narrowed} }\n      }\n`
    return (
      `${cases}        field = '${arm.field.name}'\n` +
      decodeStatements(model, arm.field.type, `${arm.field.name}_`, '        ') +
      `        return { ${discriminant.name}${narrowed}, ${arm.field.name}: ${arm.field.name}_ }\n      }\n`
    )
  })
  const hasDefault = union.arms.some((arm) => arm.labels.length === 0)
  const otherwise =
    hasDefault || coversAll(model, union)
      ? ''
      : `      default:\n        throw new XdrError(\`\${${discriminant.name}_} has no arm\`)\n`
  const body =
    decodeStatements(model, discriminant.type, `${discriminant.name}_`, '    ') +
    `    switch (${discriminant.name}_) {\n${arms.join('')}${otherwise}    }\n`
  const anyField = union.arms.some((arm) => arm.field.type.kind !== 'void')
  const variable = anyField ? `  let field = '${discriminant.name}'\n` : ''
  return head + guarded(model, name, anyField ? 'field' : `'${discriminant.name}'`, indexed, variable, body)
}
