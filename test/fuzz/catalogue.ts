/** Every procedure that the `.x` files know, with its types and our decoder of its result. */

import type { Procedure } from '../../nfs-server/xdr/procedure.ts'
import type { Model, Procedure as ModelProcedure, Type } from '../../nfs-server/xdr-parser/model.ts'
import { protocolModel } from '../unit/xdr/codec-cases.ts'

/** Which of the server's ports a program is at. */
export type Service = 'nfs' | 'mount' | 'portmap'

export interface Target {
  readonly service: Service
  /** As the server's metrics call it. */
  readonly programName: string
  readonly program: number
  readonly version: number
  readonly procedure: number
  /** As in the `.x` file. */
  readonly name: string
  readonly model: Model
  /** Of the arguments; void if there are none. */
  readonly argument: Type
  readonly result: Type
  readonly codec: Procedure<unknown, unknown>
}

const protocols = [
  { protocol: 'nfs3', service: 'nfs', programName: 'nfs', weight: 50 },
  { protocol: 'nfsacl', service: 'nfs', programName: 'nfsacl', weight: 8 },
  { protocol: 'mount', service: 'mount', programName: 'mount', weight: 8 },
  { protocol: 'nlm', service: 'mount', programName: 'nlm', weight: 20 },
  { protocol: 'nsm', service: 'mount', programName: 'nsm', weight: 4 },
  { protocol: 'rpcbind', service: 'portmap', programName: 'portmap', weight: 10 },
] as const

export class Catalogue {
  readonly targets: readonly Target[]
  /** Targets of each protocol and how often it is chosen. */
  readonly groups: readonly (readonly [weight: number, targets: readonly Target[]])[]
  readonly #byNumber = new Map<string, Target>()
  readonly #versions = new Map<string, readonly number[]>()

  private constructor(groups: readonly (readonly [number, readonly Target[]])[]) {
    this.groups = groups
    this.targets = groups.flatMap(([, targets]) => targets)
    for (const target of this.targets) {
      const { service, program, version, procedure } = target
      this.#byNumber.set(`${service} ${program} ${version} ${procedure}`, target)
      const key = `${service} ${program}`
      this.#versions.set(key, [...(this.#versions.get(key) ?? []), version])
    }
  }

  static async load(): Promise<Catalogue> {
    const groups = protocols.map(async ({ protocol, service, programName, weight }) => {
      const model = await protocolModel(protocol)
      const generated: Record<string, unknown> = await import(`../../nfs-server/xdr/generated/${protocol}.ts`)
      const targets: Target[] = []
      for (const definition of model.definitions) {
        if (definition.kind !== 'program') continue
        for (const version of definition.versions) {
          const codecs = generated[`${version.name}_PROCEDURES`] as Record<string, Target['codec']>
          for (const procedure of version.procedures) {
            targets.push({
              service,
              programName,
              program: definition.number,
              version: version.number,
              procedure: procedure.number,
              name: procedure.name,
              model,
              argument: argumentOf(procedure),
              result: procedure.result,
              codec: codecs[procedure.name]!,
            })
          }
        }
      }
      return [weight, targets] as const
    })
    return new Catalogue(await Promise.all(groups))
  }

  find(service: Service, program: number, version: number, procedure: number): Target | undefined {
    return this.#byNumber.get(`${service} ${program} ${version} ${procedure}`)
  }

  /** Lowest and highest version of the program at that port; undefined if it is not there. */
  versions(service: Service, program: number): { readonly low: number; readonly high: number } | undefined {
    const versions = this.#versions.get(`${service} ${program}`)
    return versions && { low: Math.min(...versions), high: Math.max(...versions) }
  }

  hasVersion(service: Service, program: number, version: number): boolean {
    return this.#versions.get(`${service} ${program}`)?.includes(version) ?? false
  }
}

function argumentOf({ name, parameters }: ModelProcedure): Type {
  if (parameters.length > 1) throw new Error(`${name} has several arguments`)
  return parameters[0] ?? { kind: 'void' }
}
