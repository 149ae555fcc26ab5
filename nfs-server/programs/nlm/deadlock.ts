import { errno } from '../../vfs/errno.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import type { LockedFile, Waiter } from './locked-file.ts'
import { keyOf } from './owner.ts'

/** Owners that wait for each other in a row; longer cycles are not looked for. */
const chainMax = 64

/**
 * Whether the owner would wait for itself in the end: it waits for an owner that waits for an owner and so on. Every step
 * is looked at again before anybody is told, because a program gets EDEADLK for it.
 */
export async function isDeadlock(
  vfs: Vfs,
  newcomer: Waiter,
  files: Iterable<{ readonly waiters: LockedFile['waiters'] }>,
): Promise<boolean> {
  const waiting = new Map<string, Waiter>()
  for (const file of files) {
    for (const waiter of file.waiters) {
      if (waiter.state === 'waiting') waiting.set(waiter.request.ownerKey, waiter)
    }
  }
  const chain: Waiter[] = [newcomer]
  for (;;) {
    const { blockedBy } = chain.at(-1)!
    if (blockedBy === undefined || chain.length > chainMax) return false
    if (blockedBy === newcomer.request.ownerKey) break
    const next = waiting.get(blockedBy)
    if (next === undefined || chain.includes(next)) return false
    chain.push(next)
  }
  for (const waiter of chain) {
    const { caller, owner, exclusive, alock } = waiter.request
    const range = { offset: alock.l_offset, length: alock.l_len }
    const result = await vfs.testLock?.(caller, alock.fh, owner, range, exclusive)
    const holder = result?.status === errno.EAGAIN ? result.holder?.owner : undefined
    if (holder === undefined || keyOf(holder) !== waiter.blockedBy) return false
  }
  return true
}
