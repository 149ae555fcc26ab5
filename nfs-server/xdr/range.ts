/**
 * What fits the integer types of XDR. DataView would quietly take a number modulo its size, and a reply with
 * a wrong size or time in it is worse than none.
 */
import { XdrError } from './xdr-error.ts'

export function asInt32(value: number): number {
  if ((value | 0) !== value) throw new XdrError(`${value} is not a 32-bit integer`)
  return value
}

export function asUint32(value: number): number {
  if (value >>> 0 !== value) throw new XdrError(`${value} is not an unsigned 32-bit integer`)
  return value
}

export function asInt64(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw new XdrError(`${value} is not a 64-bit integer`)
  return value
}

export function asUint64(value: bigint): bigint {
  if (BigInt.asUintN(64, value) !== value) throw new XdrError(`${value} is not an unsigned 64-bit integer`)
  return value
}
