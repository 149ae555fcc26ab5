import { isNullable, optionalField } from './layout.ts'
import type { EnumDefinition, Model, Type, TypeDefinition, UnionDefinition } from './model.ts'

/** The TypeScript type of a value. */
export function typeText(model: Model, type: Type): string {
  switch (type.kind) {
    case 'void':
      return 'undefined'
    case 'int':
    case 'uint':
    case 'float':
    case 'double':
      return 'number'
    case 'hyper':
    case 'uhyper':
      return 'bigint'
    case 'bool':
      return 'boolean'
    case 'string':
      return model.stringsAreText ? 'string' : 'Uint8Array'
    case 'opaque':
    case 'fixed-opaque':
      return 'Uint8Array'
    case 'array':
    case 'fixed-array':
      return `readonly ${arrayText(model, type.element)}`
    case 'list':
    case 'chain':
      return `readonly ${type.element}[]`
    case 'optional': {
      const element = typeText(model, type.element)
      // Absent and present-but-undefined have to differ.
      return `${isNullable(model, type.element) ? `{ readonly value: ${element} }` : element} | undefined`
    }
    case 'reference':
      return type.name
  }
}

/** The type of a mutable array of `element`. */
export function arrayText(model: Model, element: Type): string {
  const text = typeText(model, element)
  return /^readonly |\|/.test(text) ? `(${text})[]` : `${text}[]`
}

export function emitType(model: Model, definition: TypeDefinition): string {
  const { name } = definition
  switch (definition.kind) {
    case 'enum':
      return emitEnum(definition)
    case 'typedef':
      return `export type ${name} = ${typeText(model, definition.type)}\n`
    case 'struct': {
      const fields = definition.fields.map((f) => `  readonly ${f.name}: ${typeText(model, f.type)}\n`)
      const note = definition.linked ? '/** One element; a list of them is an array. */\n' : ''
      return `${note}export interface ${name} {\n${fields.join('')}}\n`
    }
    case 'union': {
      const field = optionalField(model, definition)
      if (field !== undefined) return `export type ${name} = ${typeText(model, field)} | undefined\n`
      return `export type ${name} =\n${emitArms(model, definition)}`
    }
  }
}

function emitEnum(definition: EnumDefinition): string {
  const { name } = definition
  const members = definition.members.map((member) => `  ${member.name}: ${member.value},\n`)
  const constant = `export const ${name} = {\n${members.join('')}} as const\n`
  return `${constant}export type ${name} = (typeof ${name})[keyof typeof ${name}]\n`
}

/** A discriminant's value as a TypeScript expression. */
export function labelText(model: Model, union: UnionDefinition, label: number): string {
  const base = union.discriminantBase
  if (base === 'bool') return label === 1 ? 'true' : 'false'
  if (typeof base === 'string') return String(label)
  const definition = model.types.get(base.enum)
  if (definition?.kind !== 'enum') throw new Error(`${base.enum} is no enum`)
  return `${definition.name}.${definition.members.find((member) => member.value === label)!.name}`
}

/** Whether the discriminant is a plain number, whose cases TypeScript cannot tell apart by type. */
export function isNumeric(union: UnionDefinition): boolean {
  return union.discriminantBase === 'int' || union.discriminantBase === 'uint'
}

function emitArms(model: Model, union: UnionDefinition): string {
  const isEnum = typeof union.discriminantBase === 'object'
  const literal = (label: number) => `${isEnum ? 'typeof ' : ''}${labelText(model, union, label)}`
  const discriminant = `readonly ${union.discriminant.name}`
  const named = union.arms.filter((arm) => arm.labels.length > 0).flatMap((arm) => arm.labels)
  const lines = union.arms.map((arm) => {
    const type = typeText(model, union.discriminant.type)
    const labels = arm.labels.map(literal).join(' | ')
    const rest = named.length === 0 ? type : `Exclude<${type}, ${named.map(literal).join(' | ')}>`
    const own =
      arm.field.type.kind === 'void' ? '' : `; readonly ${arm.field.name}: ${typeText(model, arm.field.type)}`
    if (!isNumeric(union)) return `  | { ${discriminant}: ${labels === '' ? rest : labels}${own} }\n`
    // No Exclude for numbers, so that the default arm matches every discriminant: the other arms' fields are
    // known to be absent instead.
    const absent = union.arms
      .filter((other) => other.field.type.kind !== 'void' && other.field.name !== arm.field.name)
      .map((other) => `; readonly ${other.field.name}?: undefined`)
    return `  | { ${discriminant}: ${labels === '' ? type : labels}${own}${absent.join('')} }\n`
  })
  return lines.join('')
}
