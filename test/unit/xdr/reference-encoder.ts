/**
 * A second encoder, written from RFC 4506, section 4, that walks the parsed `.x` file instead of being
 * generated: the yardstick for the bytes of the generated ones.
 */
import { isNullable, optionalField } from '../../../nfs-server/xdr-parser/layout.ts'
import type { Model, Type } from '../../../nfs-server/xdr-parser/model.ts'

type Values = Record<string, unknown>

export function referenceEncode(model: Model, type: Type, value: unknown): Buffer {
  const out: Buffer[] = []
  encode(model, type, value, out)
  return Buffer.concat(out)
}

function integer(value: unknown, bytes: number): Buffer {
  const unsigned = BigInt.asUintN(bytes * 8, BigInt(value as number | bigint))
  return Buffer.from(unsigned.toString(16).padStart(bytes * 2, '0'), 'hex')
}

function padded(value: unknown): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value as Uint8Array)
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}

function encode(model: Model, type: Type, value: unknown, out: Buffer[]): void {
  const all = (element: Type, values: readonly unknown[]) => {
    for (const one of values) encode(model, element, one, out)
  }
  switch (type.kind) {
    case 'void':
      return
    case 'int':
    case 'uint':
    case 'bool':
      out.push(integer(typeof value === 'boolean' ? Number(value) : value, 4))
      return
    case 'hyper':
    case 'uhyper':
      out.push(integer(value, 8))
      return
    case 'float':
    case 'double': {
      const bytes = Buffer.alloc(type.kind === 'float' ? 4 : 8)
      if (type.kind === 'float') bytes.writeFloatBE(value as number)
      else bytes.writeDoubleBE(value as number)
      out.push(bytes)
      return
    }
    case 'fixed-opaque':
      out.push(padded(value))
      return
    case 'opaque':
    case 'string':
      out.push(integer((value as Uint8Array | string).length, 4), padded(value))
      return
    case 'fixed-array':
      all(type.element, value as unknown[])
      return
    case 'array':
      out.push(integer((value as unknown[]).length, 4))
      all(type.element, value as unknown[])
      return
    case 'optional':
      out.push(integer(value === undefined ? 0 : 1, 4))
      if (value !== undefined) {
        const inner = isNullable(model, type.element) ? (value as Values).value : value
        encode(model, type.element, inner, out)
      }
      return
    case 'list':
    case 'chain': {
      const element = { kind: 'reference', name: type.element } as const
      for (const [i, one] of (value as unknown[]).entries()) {
        if (i > 0 || type.kind === 'list') out.push(integer(1, 4))
        encode(model, element, one, out)
      }
      out.push(integer(0, 4))
      return
    }
    case 'reference':
      encodeDefinition(model, type.name, value, out)
  }
}

function encodeDefinition(model: Model, name: string, value: unknown, out: Buffer[]): void {
  const definition = model.types.get(name)!
  switch (definition.kind) {
    case 'enum':
      out.push(integer(value, 4))
      return
    case 'typedef':
      encode(model, definition.type, value, out)
      return
    case 'struct':
      for (const field of definition.fields) encode(model, field.type, (value as Values)[field.name], out)
      return
    case 'union': {
      const optional = optionalField(model, definition)
      if (optional !== undefined) {
        out.push(integer(value === undefined ? 0 : 1, 4))
        if (value !== undefined) encode(model, optional, value, out)
        return
      }
      const discriminant = Number((value as Values)[definition.discriminant.name])
      out.push(integer(discriminant, 4))
      const arm =
        definition.arms.find((some) => some.labels.includes(discriminant)) ??
        definition.arms.find((some) => some.labels.length === 0)!
      encode(model, arm.field.type, (value as Values)[arm.field.name], out)
    }
  }
}
