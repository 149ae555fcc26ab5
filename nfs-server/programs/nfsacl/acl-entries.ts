/** ACLs of the Vfs to and from the entries of NFS_ACL, as Linux has it in fs/nfs_common/nfsacl.c. */
import { type Acl, type AclEntry, AclTag, type Attributes } from '../../vfs/vfs.ts'
import { type aclent, NFS_ACL_DEFAULT, NFS_ACL_MAX_ENTRIES } from '../../xdr/generated/nfsacl.ts'

const permissions = 0o7
/** Of an ACL that says no more than the mode does: owner, group and others. */
const minimalEntries = 3
/** setfsuid(-1) and chown(-1) mean "leave as it is": nobody's id. */
const noIdentity = 0xffffffff

/** The ACL that says what the mode says. */
export function aclOfMode(mode: number): Acl {
  return [
    { tag: AclTag.USER_OBJ, perm: (mode >>> 6) & permissions, id: undefined },
    { tag: AclTag.GROUP_OBJ, perm: (mode >>> 3) & permissions, id: undefined },
    { tag: AclTag.OTHER, perm: mode & permissions, id: undefined },
  ]
}

/** How many entries `toWire` makes of it. */
export function wireLength(acl: Acl): number {
  return acl.length === minimalEntries ? acl.length + 1 : acl.length
}

/**
 * In the order in which the ACL is given, which is that of the tags. An ACL of three entries gets a mask equal to the
 * group's permissions, because Solaris knows none without; the entries of owner and group name them.
 */
export function toWire(acl: Acl, { uid, gid }: Attributes, isDefault: boolean): aclent[] {
  const flag = isDefault ? NFS_ACL_DEFAULT : 0
  const entries = acl.map(({ tag, id, perm }): aclent => {
    const owner = tag === AclTag.USER_OBJ ? uid : tag === AclTag.GROUP_OBJ ? gid : 0
    return { type: tag | flag, id: id ?? owner, perm }
  })
  if (acl.length !== minimalEntries) return entries
  const at = acl.findIndex(({ tag }) => tag === AclTag.GROUP_OBJ)
  const mask = { type: AclTag.MASK | flag, id: 0, perm: acl[at]?.perm ?? 0 }
  return [...entries.slice(0, at + 1), mask, ...entries.slice(at + 1)]
}

/**
 * Undefined if it is no ACL. The result is in the kernel's order, and a mask that only repeats the group's permissions
 * in an ACL that needs none is left out.
 */
export function fromWire(entries: readonly aclent[]): Acl | undefined {
  if (entries.length > NFS_ACL_MAX_ENTRIES) return undefined
  const acl: AclEntry[] = []
  for (const entry of entries) {
    const read = fromWireEntry(entry)
    if (read === undefined) return undefined
    acl.push(read)
  }
  acl.sort((a, b) => a.tag - b.tag || (a.id ?? 0) - (b.id ?? 0))
  const mask = acl.find(({ tag }) => tag === AclTag.MASK)
  const group = acl.find(({ tag }) => tag === AclTag.GROUP_OBJ)
  const isIdle = mask !== undefined && mask.perm === group?.perm && acl.length === minimalEntries + 1
  return isIdle ? acl.filter((entry) => entry !== mask) : acl
}

function fromWireEntry({ type, id, perm }: aclent): AclEntry | undefined {
  const tag = type & ~NFS_ACL_DEFAULT
  switch (tag) {
    case AclTag.USER:
    case AclTag.GROUP:
      return id === noIdentity || perm > permissions ? undefined : { tag, id, perm }
    case AclTag.USER_OBJ:
    case AclTag.GROUP_OBJ:
    case AclTag.OTHER:
      return perm > permissions ? undefined : { tag, id: undefined, perm }
    case AclTag.MASK:
      // Solaris sometimes sets more bits in it.
      return { tag, id: undefined, perm: perm & permissions }
    default:
      return undefined
  }
}
