/** Arguments that are valid by their type, made by walking the type as the `.x` file has it. */
import type {
  Model,
  StructDefinition,
  Type,
  TypeDefinition,
  UnionDefinition,
} from '../../nfs-server/xdr-parser/model.ts'
import { fieldHints, type Making, nameless, typeHints } from './hints.ts'
import { interesting32, interesting64 } from './interesting.ts'

/** From here on lists are empty and pointers null. */
const depthMax = 6
const opaqueBytesMax = 2048
/** Now and then as much as FSINFO offers for a WRITE, or a byte more. */
const largeBytes = [65_535, 65_536, 1 << 20, (1 << 20) + 1] as const

export function emitArguments(making: Making, model: Model, type: Type): void {
  if (type.kind === 'string') nameless(making)
  else emit(making, model, type, '', 0)
}

function emit(making: Making, model: Model, type: Type, field: string, depth: number): void {
  const { random, out } = making
  const hint = type.kind === 'reference' ? typeHints[type.name] : undefined
  const applied = hint ?? (isPlain(model, type) ? fieldHints[field] : undefined)
  if (applied !== undefined) {
    applied(making, field)
    return
  }
  switch (type.kind) {
    case 'void':
      return
    case 'int':
    case 'uint':
    case 'float':
      out.uint32(interesting32(random))
      return
    case 'hyper':
    case 'uhyper':
    case 'double':
      out.uint64(interesting64(random))
      return
    case 'bool':
      out.lengthWord(random.below(2))
      return
    case 'fixed-opaque':
      out.fixed(random.bytes(type.length))
      return
    case 'opaque':
    case 'string':
      out.opaque(random.bytes(Math.min(type.max, someLength(making))))
      return
    case 'fixed-array':
      for (let i = 0; i < type.length; i++) emit(making, model, type.element, field, depth + 1)
      return
    case 'array': {
      const wanted = random.chance(0.05) ? type.max : random.below(6)
      emitCounted(making, model, type.element, Math.min(wanted, type.max, 1024), depth)
      return
    }
    case 'optional':
      if (depth > depthMax || random.chance(0.5)) out.lengthWord(0)
      else {
        out.lengthWord(1)
        emit(making, model, type.element, field, depth + 1)
      }
      return
    case 'list':
    case 'chain': {
      const element = { kind: 'reference', name: type.element } as const
      const count = (type.kind === 'chain' ? 1 : 0) + (depth > depthMax ? 0 : random.below(4))
      for (let i = 0; i < count; i++) {
        if (i > 0 || type.kind === 'list') out.lengthWord(1)
        emit(making, model, element, field, depth + 1)
      }
      out.lengthWord(0)
      return
    }
    case 'reference':
      emitDefinition(making, model, model.types.get(type.name)!, field, depth)
  }
}

/** Whether the bytes of the type are of one value: hints by field name are for those. */
function isPlain(model: Model, type: Type): boolean {
  if (type.kind !== 'reference') return type.kind !== 'list' && type.kind !== 'array' && type.kind !== 'chain'
  const definition = model.types.get(type.name)!
  return definition.kind === 'typedef' && definition.name === 'netobj'
}

function emitCounted(making: Making, model: Model, element: Type, count: number, depth: number): void {
  making.out.lengthWord(count)
  for (let i = 0; i < count; i++) emit(making, model, element, '', depth + 1)
}

function emitDefinition(
  making: Making,
  model: Model,
  definition: TypeDefinition,
  field: string,
  depth: number,
): void {
  const { random, out } = making
  switch (definition.kind) {
    case 'enum':
      out.lengthWord(random.pick(definition.members).value)
      return
    case 'typedef':
      emit(making, model, definition.type, field, depth)
      return
    case 'struct':
      emitStruct(making, model, definition, depth)
      return
    case 'union':
      emitUnion(making, model, definition, depth)
  }
}

/** A count beside data, or beside an array, most often counts it. */
function emitStruct(making: Making, model: Model, { fields }: StructDefinition, depth: number): void {
  const { random, out } = making
  let size: number | undefined
  for (const [index, { name, type }] of fields.entries()) {
    const next = fields[index + 1]?.type
    const counted = fields.find(({ type }) => type.kind === 'opaque' && name === 'count')
    if (counted !== undefined) {
      size = someLength(making)
      out.uint32(random.chance(0.9) ? size : interesting32(random))
    } else if (type.kind === 'opaque' && size !== undefined) {
      out.opaque(random.bytes(size))
    } else if (next?.kind === 'array' && type.kind === 'uint') {
      size = Math.min(random.chance(0.03) ? next.max : random.below(6), next.max)
      out.uint32(random.chance(0.9) ? size : interesting32(random))
    } else if (type.kind === 'array' && size !== undefined) {
      emitCounted(making, model, type.element, size, depth)
      size = undefined
    } else {
      emit(making, model, type, name, depth + 1)
    }
  }
}

function emitUnion(making: Making, model: Model, definition: UnionDefinition, depth: number): void {
  const { random, out } = making
  const { discriminantBase: base, arms } = definition
  const labels = arms.flatMap((arm) => arm.labels)
  const others = valuesOf(model, base).filter((value) => !labels.includes(value))
  const hasDefault = arms.some((arm) => arm.labels.length === 0)
  const value = random.pick(hasDefault ? [...labels, ...others] : labels)
  const arm =
    arms.find((some) => some.labels.includes(value)) ?? arms.find((some) => some.labels.length === 0)!
  out.lengthWord(value)
  emit(making, model, arm.field.type, arm.field.name, depth + 1)
}

function valuesOf(model: Model, base: UnionDefinition['discriminantBase']): number[] {
  if (base === 'bool') return [0, 1]
  if (base === 'int' || base === 'uint') return [0, 1, 2, 77]
  const definition = model.types.get(base.enum)
  return definition?.kind === 'enum' ? definition.members.map((member) => member.value) : []
}

function someLength({ random }: Making): number {
  if (random.chance(0.004)) return random.pick(largeBytes)
  return random.chance(0.3) ? random.pick([0, 1, 2, 3, 4, 5]) : random.below(opaqueBytesMax)
}
