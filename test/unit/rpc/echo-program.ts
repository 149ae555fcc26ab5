import type { RpcProgram } from '../../../nfs-server/rpc/program.ts'
import { decodeVoid, encodeVoid, type Procedure } from '../../../nfs-server/xdr/procedure.ts'

const bytesMax = 2 << 20

/** A program for tests: NULL, echo of an opaque at once and later, and ways to fail. */
export const echoProgramNumber = 0x2000_0001
export const echoVersion = 2

export const nullProcedure: Procedure<undefined, undefined> = {
  number: 0,
  name: 'NULL',
  decodeArguments: decodeVoid,
  encodeArguments: encodeVoid,
  decodeResult: decodeVoid,
  encodeResult: encodeVoid,
}

export function opaqueProcedure(number: number): Procedure<Uint8Array, Uint8Array> {
  return {
    number,
    name: `ECHO${number}`,
    decodeArguments: (reader) => reader.readOpaque(bytesMax),
    encodeArguments: (writer, value) => writer.writeOpaque(value, bytesMax),
    decodeResult: (reader) => reader.readOpaque(bytesMax),
    encodeResult: (writer, value) => writer.writeOpaque(value, bytesMax),
  }
}

type Handler =
  RpcProgram['versions'] extends ReadonlyMap<number, readonly (infer Row)[]>
    ? NonNullable<Row> extends { handler: infer H }
      ? H
      : never
    : never

/** Handlers by procedure number, each taking and giving an opaque; 0 is NULL. */
export function programOf(
  handlers: Readonly<Record<number, Handler>>,
  nonIdempotent: readonly number[] = [],
): RpcProgram {
  const rows: (NonNullable<ReturnType<RpcProgram['versions']['get']>>[number] | undefined)[] = [
    { procedure: nullProcedure, handler: () => undefined, idempotent: true },
  ]
  for (const [number, handler] of Object.entries(handlers)) {
    const index = Number(number)
    while (rows.length < index) rows.push(undefined)
    rows[index] = { procedure: opaqueProcedure(index), handler, idempotent: !nonIdempotent.includes(index) }
  }
  return { number: echoProgramNumber, name: 'echo', versions: new Map([[echoVersion, rows]]) }
}
