import { type Model, type Type, type TypeDefinition, type UnionDefinition, underlying } from './model.ts'

/** The fewest bytes a value takes on the wire; infinite for a type without end. */
export function minimumBytes(types: ReadonlyMap<string, TypeDefinition>, type: Type): number {
  const visiting = new Set<string>()
  const ofDefinition = (definition: TypeDefinition): number => {
    switch (definition.kind) {
      case 'enum':
        return 4
      case 'typedef':
        return of(definition.type)
      case 'struct':
        return definition.fields.reduce((sum, field) => sum + of(field.type), definition.linked ? 4 : 0)
      case 'union':
        return 4 + Math.min(...definition.arms.map((arm) => of(arm.field.type)))
    }
  }
  const of = (part: Type): number => {
    switch (part.kind) {
      case 'void':
        return 0
      case 'hyper':
      case 'uhyper':
      case 'double':
        return 8
      case 'fixed-opaque':
        return Math.ceil(part.length / 4) * 4
      case 'fixed-array':
        return part.length === 0 ? 0 : part.length * of(part.element)
      case 'reference':
      case 'chain': {
        const name = part.kind === 'chain' ? part.element : part.name
        if (visiting.has(name)) return Number.POSITIVE_INFINITY
        visiting.add(name)
        const bytes = ofDefinition(types.get(name)!)
        visiting.delete(name)
        return bytes
      }
      default:
        return 4
    }
  }
  return of(type)
}

/**
 * The one field of a union that only says whether the field is there: on a bool, with void for FALSE. Such a
 * union is the field's type or undefined.
 */
export function optionalField(model: Model, union: UnionDefinition): Type | undefined {
  if (union.discriminantBase !== 'bool' || union.arms.length !== 2) return undefined
  if (model.recursive.has(union.name)) return undefined
  const present = union.arms.find((arm) => arm.labels[0] === 1)
  const absent = union.arms.find((arm) => arm !== present)
  if (present === undefined || present.field.type.kind === 'void') return undefined
  if (absent?.field.type.kind !== 'void' || isNullable(model, present.field.type)) return undefined
  return present.field.type
}

/** Whether undefined is a value of the TypeScript type. */
export function isNullable(model: Model, type: Type): boolean {
  const base = underlying(model, type)
  if (base.kind === 'optional' || base.kind === 'void') return true
  if (base.kind !== 'reference') return false
  const definition = model.types.get(base.name)!
  return definition.kind === 'union' && optionalField(model, definition) !== undefined
}

/** Whether every value that the discriminant can have is named by an arm. */
export function coversAll(model: Model, union: UnionDefinition): boolean {
  const base = union.discriminantBase
  if (base === 'int' || base === 'uint') return false
  const labels = new Set(union.arms.flatMap((arm) => arm.labels))
  if (base === 'bool') return labels.size === 2
  const definition = model.types.get(base.enum)
  return definition?.kind === 'enum' && definition.members.every((member) => labels.has(member.value))
}
