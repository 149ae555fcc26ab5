import {
  NFS_ACL,
  NFS_ACL_MAX_ENTRIES,
  NFS_ACLCNT,
  NFS_DFACL,
  NFS_DFACLCNT,
} from '../../xdr/generated/nfsacl.ts'

/** What the mask of a call may have in it. */
export const maskBits = NFS_ACL | NFS_ACLCNT | NFS_DFACL | NFS_DFACLCNT

const entryBytes = 12
const headBytes = 512

/** Two ACLs of as many entries as there can be, attributes and the RPC header. */
export const aclReplyBytesMax = 2 * NFS_ACL_MAX_ENTRIES * entryBytes + headBytes
