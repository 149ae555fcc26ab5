/** fast-check arbitraries for the types of an `.x` file, so that a new type is covered as it is written. */
import fc from 'fast-check'
import { isNullable, optionalField } from '../../../nfs-server/xdr-parser/layout.ts'
import type { Model, Type, TypeDefinition } from '../../../nfs-server/xdr-parser/model.ts'

/** Sizes stay small: every truncation of every sample is tried. */
const bytesMax = 9
const elementsMax = 3
/** From here on everything optional is absent, so that types that contain themselves end. */
const depthMax = 6

/** Objects like the decoder's: fast-check's own have no prototype. */
function record(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return fc.record(fields, { noNullPrototype: true })
}

export function arbitraryOf(model: Model, type: Type, depth = 0): fc.Arbitrary<unknown> {
  const elements = (max: number) => (depth > depthMax ? 0 : Math.min(max, elementsMax))
  switch (type.kind) {
    case 'void':
      return fc.constant(undefined)
    case 'int':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    case 'uint':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 })
    case 'hyper':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'uhyper':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    case 'float':
      return fc.float({ noNaN: true })
    case 'double':
      return fc.double({ noNaN: true })
    case 'bool':
      return fc.boolean()
    case 'fixed-opaque':
      return fc.uint8Array({ minLength: type.length, maxLength: type.length })
    case 'opaque':
      return fc.uint8Array({ maxLength: Math.min(type.max, bytesMax) })
    case 'string': {
      const bytes = fc.uint8Array({ maxLength: Math.min(type.max, bytesMax) })
      return model.stringsAreText ? bytes.map((some) => String.fromCharCode(...some)) : bytes
    }
    case 'fixed-array':
      return fc.array(arbitraryOf(model, type.element, depth + 1), {
        minLength: type.length,
        maxLength: type.length,
      })
    case 'array':
      if (elements(type.max) === 0) return fc.constant([])
      return fc.array(arbitraryOf(model, type.element, depth + 1), { maxLength: elements(type.max) })
    case 'list':
    case 'chain': {
      const element = { kind: 'reference', name: type.element } as const
      if (elements(elementsMax) === 0 && type.kind === 'list') return fc.constant([])
      return fc.array(arbitraryOf(model, element, depth + 1), {
        minLength: type.kind === 'chain' ? 1 : 0,
        maxLength: elementsMax,
      })
    }
    case 'optional': {
      if (depth > depthMax) return fc.constant(undefined)
      const element = arbitraryOf(model, type.element, depth + 1)
      const present = isNullable(model, type.element) ? record({ value: element }) : element
      return fc.oneof(fc.constant(undefined), present)
    }
    case 'reference':
      return ofDefinition(model, model.types.get(type.name)!, depth)
  }
}

function ofDefinition(model: Model, definition: TypeDefinition, depth: number): fc.Arbitrary<unknown> {
  switch (definition.kind) {
    case 'enum':
      return fc.constantFrom(...definition.members.map((member) => member.value))
    case 'typedef':
      return arbitraryOf(model, definition.type, depth)
    case 'struct': {
      const fields = definition.fields.map((field) => [field.name, arbitraryOf(model, field.type, depth + 1)])
      return record(Object.fromEntries(fields))
    }
    case 'union': {
      const optional = optionalField(model, definition)
      if (optional !== undefined) {
        return fc.oneof(fc.constant(undefined), arbitraryOf(model, optional, depth + 1))
      }
      const named = definition.arms.flatMap((arm) => arm.labels)
      const arms = definition.arms.filter(
        (arm) => depth <= depthMax || arm.field.type.kind === 'void' || arm.field.type.kind !== 'reference',
      )
      return fc.oneof(
        ...(arms.length > 0 ? arms : definition.arms).flatMap((arm) => {
          const discriminants =
            arm.labels.length > 0
              ? arm.labels
              : otherValues(model, definition.discriminantBase).filter((value) => !named.includes(value))
          if (discriminants.length === 0) return []
          const isBool = definition.discriminantBase === 'bool'
          const discriminant = fc.constantFrom(...discriminants.map((v) => (isBool ? v === 1 : v)))
          const { name, type } = arm.field
          const own = type.kind === 'void' ? {} : { [name]: arbitraryOf(model, type, depth + 1) }
          return [record({ [definition.discriminant.name]: discriminant, ...own })]
        }),
      )
    }
  }
}

function otherValues(model: Model, base: 'int' | 'uint' | 'bool' | { readonly enum: string }): number[] {
  if (base === 'bool') return [0, 1]
  if (base === 'int') return [-(2 ** 31), -1, 0, 1, 2, 77, 2 ** 31 - 1]
  if (base === 'uint') return [0, 1, 2, 77, 2 ** 32 - 1]
  const definition = model.types.get(base.enum)
  return definition?.kind === 'enum' ? definition.members.map((member) => member.value) : []
}
