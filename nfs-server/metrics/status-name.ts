import { mountstat3 } from '../xdr/generated/mount.ts'
import { nfsstat3 } from '../xdr/generated/nfs3.ts'

const names: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  nfs: namesOf(nfsstat3),
  nfsacl: namesOf(nfsstat3),
  mount: namesOf(mountstat3),
}

/** Name of a status in a result of the program; undefined for one it does not have. */
export function statusName(program: string, status: number): string | undefined {
  return names[program]?.get(status)
}

function namesOf(statuses: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(statuses).map(([name, value]) => [value, name]))
}
