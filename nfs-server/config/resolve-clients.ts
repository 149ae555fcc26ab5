import { lookup } from 'node:dns/promises'
import type { ExportOptions } from '../exports.ts'
import { parseClientPattern } from './client-pattern.ts'

/** All addresses of a host name. */
export type HostLookup = (name: string) => Promise<readonly string[]>

export const systemLookup: HostLookup = async (name) =>
  (await lookup(name, { all: true })).map((answer) => answer.address)

/** Errors of a resolver that may know the answer later, as opposed to "there is no such name". */
const temporaryErrors = new Set(['EAI_AGAIN', 'ETIMEOUT', 'ECONNREFUSED', 'ESERVFAIL'])

/**
 * Turns the host names among exports' clients into addresses. A name that cannot be resolved stands for
 * nobody; only when the resolver itself is out of order does a name keep the addresses it had last.
 */
export class ClientResolver {
  readonly #lookup: HostLookup
  readonly #last = new Map<string, readonly string[]>()

  constructor(lookup: HostLookup = systemLookup) {
    this.#lookup = lookup
  }

  /** The exports with addresses and blocks only; `failures` says which names stand for whom instead. */
  async resolve(
    exports: readonly ExportOptions[],
  ): Promise<{ exports: readonly ExportOptions[]; failures: readonly string[]; names: number }> {
    const names = new Set<string>()
    for (const client of exports.flatMap((entry) => entry.clients)) {
      const pattern = parseClientPattern(client)
      if (pattern.kind === 'host') names.add(pattern.name)
    }
    for (const name of this.#last.keys()) if (!names.has(name)) this.#last.delete(name)
    const failures: string[] = []
    await Promise.all(
      [...names].map(async (name) => {
        const failure = await this.#refresh(name)
        if (failure !== undefined) failures.push(failure)
      }),
    )
    const resolved = exports.map((entry) => ({
      ...entry,
      clients: [...new Set(entry.clients.flatMap((client) => this.#blocksOf(client)))],
    }))
    return { exports: resolved, failures, names: names.size }
  }

  async #refresh(name: string): Promise<string | undefined> {
    try {
      this.#last.set(name, await this.#lookup(name))
      return undefined
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      if (temporaryErrors.has(code) && this.#last.has(name)) {
        return `cannot resolve ${name} now (${code}): it keeps its last addresses ${this.#last.get(name)!.join(', ')}`
      }
      this.#last.delete(name)
      return `cannot resolve ${name} (${code}): it gets no access`
    }
  }

  #blocksOf(client: string): readonly string[] {
    const pattern = parseClientPattern(client)
    if (pattern.kind === 'any') return ['*']
    if (pattern.kind === 'block') return [pattern.block]
    return this.#last.get(pattern.name) ?? []
  }
}
