/**
 * The statuses that a procedure may answer with. RFC 1813 says of its lists that they are not complete for every server
 * (section 2.6 has the meanings); what this server answers beyond them stands in `additions`, with why.
 */
import { mountstat3 } from '../../nfs-server/xdr/generated/mount.ts'
import { nfsstat3 } from '../../nfs-server/xdr/generated/nfs3.ts'

const making = 'IO ACCES EXIST NOTDIR NOSPC ROFS NAMETOOLONG DQUOT NOTSUPP'

/** RFC 1813, sections 3.3.1 to 3.3.21; OK, STALE and BADHANDLE are everybody's. */
const listed: Readonly<Record<string, string>> = {
  NFSPROC3_GETATTR: 'IO',
  NFSPROC3_SETATTR: 'PERM IO ACCES INVAL NOSPC ROFS DQUOT NOT_SYNC',
  NFSPROC3_LOOKUP: 'IO NOENT ACCES NOTDIR NAMETOOLONG',
  NFSPROC3_ACCESS: 'IO',
  NFSPROC3_READLINK: 'IO INVAL ACCES NOTSUPP',
  NFSPROC3_READ: 'IO NXIO ACCES INVAL',
  NFSPROC3_WRITE: 'IO ACCES FBIG DQUOT NOSPC ROFS INVAL',
  NFSPROC3_CREATE: making,
  NFSPROC3_MKDIR: making,
  NFSPROC3_SYMLINK: making,
  NFSPROC3_MKNOD: `${making} BADTYPE`,
  NFSPROC3_REMOVE: 'NOENT IO ACCES NOTDIR NAMETOOLONG ROFS',
  NFSPROC3_RMDIR: 'NOENT IO ACCES INVAL EXIST NOTDIR NAMETOOLONG ROFS NOTEMPTY NOTSUPP',
  NFSPROC3_RENAME:
    'NOENT IO ACCES EXIST XDEV NOTDIR ISDIR INVAL NOSPC ROFS MLINK NAMETOOLONG NOTEMPTY DQUOT NOTSUPP',
  NFSPROC3_LINK: 'IO ACCES EXIST XDEV NOTDIR INVAL NOSPC ROFS MLINK NAMETOOLONG DQUOT NOTSUPP',
  NFSPROC3_READDIR: 'IO ACCES NOTDIR BAD_COOKIE TOOSMALL',
  NFSPROC3_READDIRPLUS: 'IO ACCES NOTDIR BAD_COOKIE NOTSUPP TOOSMALL',
  NFSPROC3_FSSTAT: 'IO',
  NFSPROC3_FSINFO: 'IO',
  NFSPROC3_PATHCONF: 'IO',
  NFSPROC3_COMMIT: 'IO',
  // Not in an RFC: what Linux's server answers.
  ACLPROC3_GETACL: 'IO ACCES INVAL NOTSUPP',
  ACLPROC3_SETACL: 'PERM IO ACCES INVAL NOSPC ROFS DQUOT NOTSUPP',
}

/** JUKEBOX: try again later. ACCES: the export is not for that client, whatever it asks. */
const everywhere = ['NFS3_OK', 'NFS3ERR_STALE', 'NFS3ERR_BADHANDLE', 'NFS3ERR_JUKEBOX', 'NFS3ERR_ACCES']

/** As Linux's server has them. */
const additions: Readonly<Record<string, string>> = {
  // A directory where a file is needed (2.6 has the status for that); READ, WRITE and COMMIT call other objects INVAL.
  NFSPROC3_READ: 'ISDIR',
  NFSPROC3_WRITE: 'ISDIR',
  NFSPROC3_COMMIT: 'ISDIR INVAL',
  NFSPROC3_LINK: 'ISDIR PERM',
  NFSPROC3_REMOVE: 'ISDIR PERM',
  // In a sticky directory of somebody else's, as REMOVE.
  NFSPROC3_RMDIR: 'PERM',
  NFSPROC3_RENAME: 'PERM',
  // A size for a directory; a size that no file can have; the mode of a symbolic link.
  NFSPROC3_SETATTR: 'ISDIR FBIG NOTSUPP',
  // Attributes that cannot be given to the new object: nanoseconds over a second, uid -1, somebody else's uid.
  NFSPROC3_CREATE: 'INVAL PERM FBIG ISDIR',
  NFSPROC3_MKDIR: 'INVAL PERM MLINK',
  NFSPROC3_SYMLINK: 'INVAL PERM NOENT',
  NFSPROC3_MKNOD: 'INVAL PERM',
}

const legal = new Map(
  Object.entries(listed).map(([procedure, names]) => {
    const own = `${names} ${additions[procedure] ?? ''}`.trim().split(' ')
    return [procedure, new Set([...everywhere, ...own.map((name) => `NFS3ERR_${name}`)])]
  }),
)

const nameOf = new Map(Object.entries(nfsstat3).map(([name, value]) => [value as number, name]))
const mountNameOf = new Map(Object.entries(mountstat3).map(([name, value]) => [value as number, name]))

/** The status of a result, and whether the procedure may say it. */
export interface Status {
  readonly name: string
  readonly isOk: boolean
  readonly isLegal: boolean
}

/** Of a decoded result of any program; one without a status is OK. */
export function statusIn(procedure: string, result: unknown): Status {
  const fields = (typeof result === 'object' && result !== null ? result : {}) as Record<string, unknown>
  const { status, fhs_status, res_stat } = fields
  if (typeof fhs_status === 'number') {
    const name = mountNameOf.get(fhs_status) ?? String(fhs_status)
    return { name, isOk: fhs_status === 0, isLegal: name !== 'MNT3ERR_SERVERFAULT' }
  }
  const nlm = nlmStatus(fields)
  if (nlm !== undefined) return { name: nlm === 0 ? 'GRANTED' : `NLM ${nlm}`, isOk: nlm === 0, isLegal: true }
  if (typeof res_stat === 'number') return { name: `NSM ${res_stat}`, isOk: res_stat === 0, isLegal: true }
  if (result === false) return { name: 'FALSE', isOk: false, isLegal: true }
  if (typeof status !== 'number') return { name: 'OK', isOk: true, isLegal: true }
  const name = nameOf.get(status) ?? String(status)
  return { name, isOk: status === 0, isLegal: legal.get(procedure)?.has(name) ?? true }
}

/** nlm_res, nlm_testres and nlm_shareres have it in different places. */
function nlmStatus({ stat, test_stat }: Record<string, unknown>): number | undefined {
  const found = (test_stat as { stat?: unknown } | undefined)?.stat ?? stat
  if (typeof found === 'number') return found
  const inner = (found as { stat?: unknown } | undefined)?.stat
  return typeof inner === 'number' ? inner : undefined
}
