import { type Definition, type Type, type TypeDefinition, underlying } from './model.ts'

type Types = Map<string, TypeDefinition>

/**
 * Makes linked lists of structs whose last field, and no other, is an optional pointer to the struct itself,
 * also through a typedef (`typedef entry *list`). Changes `definitions` and `types` in place.
 */
export function linkLists(definitions: Definition[], types: Types): void {
  const linked = new Set<string>()
  for (const definition of types.values()) {
    if (definition.kind !== 'struct' || definition.fields.length < 2) continue
    const pointers = definition.fields.filter((field) => pointee(types, field.type) === definition.name)
    // A tree points to itself twice and is no list.
    if (pointers.length === 1 && pointers[0] === definition.fields.at(-1)) linked.add(definition.name)
  }
  if (linked.size === 0) return
  const isLinked = (type: Type): string | undefined => {
    const base = underlying({ types: before }, type)
    return base.kind === 'reference' && linked.has(base.name) ? base.name : undefined
  }
  const relink = (type: Type): Type => {
    switch (type.kind) {
      case 'optional': {
        const element = isLinked(type.element)
        return element === undefined ? { ...type, element: relink(type.element) } : { kind: 'list', element }
      }
      case 'array':
      case 'fixed-array':
        return { ...type, element: relink(type.element) }
      case 'reference':
        return linked.has(type.name) ? { kind: 'chain', element: type.name } : type
      default:
        return type
    }
  }
  const before = new Map(types)
  const relinked = <D extends Definition>(definition: D): D => {
    switch (definition.kind) {
      case 'typedef':
        return { ...definition, type: relink(definition.type) }
      case 'struct': {
        const isList = linked.has(definition.name)
        const fields = isList ? definition.fields.slice(0, -1) : definition.fields
        return {
          ...definition,
          linked: isList,
          fields: fields.map((field) => ({ ...field, type: relink(field.type) })),
        }
      }
      case 'union': {
        const arms = definition.arms.map((arm) => ({
          ...arm,
          field: { ...arm.field, type: relink(arm.field.type) },
        }))
        return { ...definition, arms }
      }
      case 'program': {
        const versions = definition.versions.map((version) => ({
          ...version,
          procedures: version.procedures.map((procedure) => ({
            ...procedure,
            parameters: procedure.parameters.map(relink),
            result: relink(procedure.result),
          })),
        }))
        return { ...definition, versions }
      }
      default:
        return definition
    }
  }
  for (const [index, definition] of definitions.entries()) {
    const after = relinked(definition)
    definitions[index] = after
    if (after.kind !== 'const' && after.kind !== 'program') types.set(after.name, after)
  }
}

/** The name of the type that an optional pointer, perhaps behind typedefs, points to. */
function pointee(types: Types, type: Type): string | undefined {
  const base = underlying({ types }, type)
  if (base.kind !== 'optional') return undefined
  const target = underlying({ types }, base.element)
  return target.kind === 'reference' ? target.name : undefined
}

/** Names of the types that a value of this definition may hold. */
function parts(definition: TypeDefinition): string[] {
  const found: string[] = []
  const visit = (type: Type): void => {
    switch (type.kind) {
      case 'reference':
        found.push(type.name)
        return
      case 'chain':
      case 'list':
        found.push(type.element)
        return
      case 'fixed-array':
      case 'array':
      case 'optional':
        visit(type.element)
        return
      default:
    }
  }
  if (definition.kind === 'typedef') visit(definition.type)
  if (definition.kind === 'struct') for (const field of definition.fields) visit(field.type)
  if (definition.kind === 'union') for (const arm of definition.arms) visit(arm.field.type)
  return found
}

/** Names of the types that can contain themselves; a linked list is a loop and not among them. */
export function findRecursive(types: Types): ReadonlySet<string> {
  const recursive = new Set<string>()
  for (const [name, definition] of types) {
    const seen = new Set<string>()
    const pending = parts(definition)
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next === name) recursive.add(name)
      if (seen.has(next)) continue
      seen.add(next)
      pending.push(...parts(types.get(next)!))
    }
  }
  return recursive
}
