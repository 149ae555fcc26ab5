import type { XdrReader } from './reader.ts'
import type { XdrWriter } from './writer.ts'

/** One procedure of a program version: its number and the codecs of both directions. void is undefined. */
export interface Procedure<Arguments, Result> {
  readonly number: number
  readonly name: string
  readonly decodeArguments: (reader: XdrReader) => Arguments
  readonly encodeArguments: (writer: XdrWriter, value: Arguments) => void
  readonly decodeResult: (reader: XdrReader) => Result
  readonly encodeResult: (writer: XdrWriter, value: Result) => void
}

export function decodeVoid(_reader: XdrReader): undefined {
  return undefined
}

export function encodeVoid(_writer: XdrWriter, _value: undefined): void {}
