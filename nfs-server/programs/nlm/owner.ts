import type { LockOwner } from '../../vfs/vfs.ts'
import type { nlm4_lock } from '../../xdr/generated/nlm.ts'

/** What a lock says of itself, without what varies with the version. */
export type LockNames = Pick<nlm4_lock, 'caller_name' | 'svid' | 'oh'>

/**
 * The owner of a lock for the Vfs: svid and oh first, which a client is told of a lock in the way, then who the client
 * is. The address belongs to it: what a client says its name is does not give it other clients' locks.
 */
export function lockOwner(address: string, { caller_name, svid, oh }: LockNames): LockOwner {
  const header = Buffer.alloc(8)
  header.writeInt32BE(svid, 0)
  header.writeUInt32BE(oh.length, 4)
  return Buffer.concat([header, oh, Buffer.from(`${address}\0`), caller_name])
}

/** svid and oh of an owner that `lockOwner` made. */
export function ownerNames(owner: LockOwner): { readonly svid: number; readonly oh: Uint8Array } {
  const bytes = Buffer.from(owner.buffer, owner.byteOffset, owner.byteLength)
  return { svid: bytes.readInt32BE(0), oh: bytes.subarray(8, 8 + bytes.readUInt32BE(4)) }
}

/** Bytes as a key of a Map. */
export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
