import { type exports, MNTNAMLEN, MNTPATHLEN } from '../../xdr/generated/mount.ts'
import type { MountContext } from './mount-context.ts'

/** MOUNTPROC_EXPORT (RFC 1813, section 5.2.5): every export and the clients that may use it, as configured. */
export function exportList(context: MountContext): exports {
  return context
    .exports()
    .map((entry) => ({
      ex_dir: Buffer.from(entry.path),
      ex_groups: entry.clients
        .map((client) => ({ gr_name: Buffer.from(client) }))
        .filter(({ gr_name }) => gr_name.length <= MNTNAMLEN),
    }))
    .filter(({ ex_dir }) => ex_dir.length <= MNTPATHLEN)
}
