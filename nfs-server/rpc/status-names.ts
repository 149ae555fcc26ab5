import { accept_stat, auth_stat } from '../xdr/generated/rpc.ts'

const acceptNames = namesByValue(accept_stat)
const authNames = namesByValue(auth_stat)

/** The RFC's name of an accept_stat, for logs and metrics. */
export function acceptStatusName(status: number): string {
  return acceptNames.get(status) ?? String(status)
}

/** The RFC's name of an auth_stat. */
export function authStatusName(status: number): string {
  return authNames.get(status) ?? String(status)
}

function namesByValue(values: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(values).map(([name, value]) => [value, name]))
}
