import { addon } from '../../native/binding.ts'

/** Looks users' groups up in this machine's user database, off the event loop, `lookupsMax` waiting at once. */
export function nativeGroupLookup(lookupsMax: number): (uid: number) => Promise<readonly number[] | null> {
  const groups = new addon.NativeGroups(lookupsMax)
  return async (uid) => groups.lookup(uid)
}
