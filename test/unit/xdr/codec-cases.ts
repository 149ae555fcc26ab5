/** Everything that the generated modules can decode and encode, found from the `.x` files. */
import { readFile } from 'node:fs/promises'
import type fc from 'fast-check'
import type { XdrReader } from '../../../nfs-server/xdr/reader.ts'
import type { XdrWriter } from '../../../nfs-server/xdr/writer.ts'
import type { Model, Type } from '../../../nfs-server/xdr-parser/model.ts'
import { parse } from '../../../nfs-server/xdr-parser/parser.ts'
import { resolve } from '../../../nfs-server/xdr-parser/resolve.ts'
import { arbitraryOf } from './arbitraries.ts'

export interface CodecCase {
  readonly name: string
  readonly type: Type
  readonly model: Model
  readonly arbitrary: fc.Arbitrary<unknown>
  readonly decode: (reader: XdrReader) => unknown
  readonly encode: (writer: XdrWriter, value: unknown) => void
}

export const protocols = ['rpc', 'rpcbind', 'mount', 'nfs3', 'nfsacl', 'nlm', 'nsm'] as const

/** A case per type (a linked one as one element and as a list), and per void-less argument and result. */
export function casesOf(model: Model, generated: Record<string, unknown>): CodecCase[] {
  const cases: CodecCase[] = []
  const add = (name: string, type: Type, decode: unknown, encode: unknown): void => {
    if (typeof decode !== 'function' || typeof encode !== 'function') throw new Error(`no codec for ${name}`)
    cases.push({
      name,
      type,
      model,
      arbitrary: arbitraryOf(model, type),
      decode: decode as CodecCase['decode'],
      encode: encode as CodecCase['encode'],
    })
  }
  for (const definition of model.types.values()) {
    const { name } = definition
    add(name, { kind: 'reference', name }, generated[`decode${name}`], generated[`encode${name}`])
    if (definition.kind === 'struct' && definition.linked) {
      const list = { kind: 'list', element: name } as const
      add(name, list, generated[`decode${name}List`], generated[`encode${name}List`])
    }
  }
  for (const program of model.definitions) {
    if (program.kind !== 'program') continue
    for (const version of program.versions) {
      const table = generated[`${version.name}_PROCEDURES`] as Record<string, Record<string, unknown>>
      for (const procedure of version.procedures) {
        const row = table[procedure.name]!
        const [parameter] = procedure.parameters
        if (parameter !== undefined && procedure.parameters.length === 1) {
          add(`${procedure.name} arguments`, parameter, row.decodeArguments, row.encodeArguments)
        }
        if (procedure.result.kind !== 'void') {
          add(`${procedure.name} result`, procedure.result, row.decodeResult, row.encodeResult)
        }
      }
    }
  }
  return cases
}

export async function protocolModel(protocol: (typeof protocols)[number]): Promise<Model> {
  const source = new URL(`../../../nfs-server/xdr/${protocol}.x`, import.meta.url)
  return resolve(parse(await readFile(source, 'utf8'), `${protocol}.x`), `${protocol}.x`)
}

export async function protocolCases(protocol: (typeof protocols)[number]): Promise<CodecCase[]> {
  const model = await protocolModel(protocol)
  const generated = await import(`../../../nfs-server/xdr/generated/${protocol}.ts`)
  return casesOf(model, generated)
}
