/**
 * A second decoder, written from RFC 4506, section 4, that walks the parsed `.x` file instead of being generated from it:
 * what it takes for a value, the server must take for one, and nothing else.
 */
import type { Model, Type, TypeDefinition } from '../../nfs-server/xdr-parser/model.ts'

class NoValue extends Error {}

/** The offset behind the value of that type at `at`; undefined if there is none. */
export function endOfValue(model: Model, type: Type, bytes: Buffer, at: number): number | undefined {
  try {
    return skip(model, type, bytes, at)
  } catch (error) {
    if (error instanceof NoValue) return undefined
    throw error
  }
}

function word(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw new NoValue()
  return bytes.readUInt32BE(at)
}

function after(bytes: Buffer, at: number, length: number): number {
  const end = at + Math.ceil(length / 4) * 4
  if (end > bytes.length) throw new NoValue()
  return end
}

function skipMany(model: Model, type: Type, bytes: Buffer, from: number, count: number): number {
  let at = from
  for (let i = 0; i < count; i++) at = skip(model, type, bytes, at)
  return at
}

function skip(model: Model, type: Type, bytes: Buffer, at: number): number {
  switch (type.kind) {
    case 'void':
      return at
    case 'int':
    case 'uint':
    case 'float':
      return after(bytes, at, 4)
    case 'hyper':
    case 'uhyper':
    case 'double':
      return after(bytes, at, 8)
    case 'bool':
      if (word(bytes, at) > 1) throw new NoValue()
      return at + 4
    case 'fixed-opaque':
      return after(bytes, at, type.length)
    case 'opaque':
    case 'string': {
      const length = word(bytes, at)
      if (length > type.max) throw new NoValue()
      return after(bytes, at + 4, length)
    }
    case 'fixed-array':
      return skipMany(model, type.element, bytes, at, type.length)
    case 'array': {
      const count = word(bytes, at)
      if (count > type.max) throw new NoValue()
      return skipMany(model, type.element, bytes, at + 4, count)
    }
    case 'optional': {
      const present = word(bytes, at)
      if (present > 1) throw new NoValue()
      return present === 0 ? at + 4 : skip(model, type.element, bytes, at + 4)
    }
    case 'list':
    case 'chain':
      return skipLinks(model, type.element, bytes, at, type.kind === 'chain')
    case 'reference':
      return skipDefinition(model, model.types.get(type.name)!, bytes, at)
  }
}

function skipLinks(model: Model, element: string, bytes: Buffer, from: number, isChain: boolean): number {
  const type = { kind: 'reference', name: element } as const
  let at = isChain ? skip(model, type, bytes, from) : from
  for (;;) {
    const follows = word(bytes, at)
    if (follows > 1) throw new NoValue()
    at += 4
    if (follows === 0) return at
    at = skip(model, type, bytes, at)
  }
}

function skipDefinition(model: Model, definition: TypeDefinition, bytes: Buffer, at: number): number {
  switch (definition.kind) {
    case 'enum': {
      const value = word(bytes, at) | 0
      if (!definition.members.some((member) => member.value === value)) throw new NoValue()
      return at + 4
    }
    case 'typedef':
      return skip(model, definition.type, bytes, at)
    case 'struct':
      return definition.fields.reduce((end, field) => skip(model, field.type, bytes, end), at)
    case 'union': {
      const behind = skip(model, definition.discriminant.type, bytes, at)
      const raw = word(bytes, at)
      const value = definition.discriminantBase === 'uint' ? raw : raw | 0
      const arm =
        definition.arms.find((some) => some.labels.includes(value)) ??
        definition.arms.find((some) => some.labels.length === 0)
      if (arm === undefined) throw new NoValue()
      return skip(model, arm.field.type, bytes, behind)
    }
  }
}
