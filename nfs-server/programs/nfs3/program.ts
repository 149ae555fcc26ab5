/** The NFS version 3 program (RFC 1813): one row per procedure drives decoding, dispatch and duplicate cache. */
import type { ProcedureRow, RpcProgram } from '../../rpc/program.ts'
import type { Vfs } from '../../vfs/vfs.ts'
import { NFS_PROGRAM, NFS_V3, NFS_V3_PROCEDURES as nfs } from '../../xdr/generated/nfs3.ts'
import type { Procedure } from '../../xdr/procedure.ts'
import { access } from './access.ts'
import { commit } from './commit.ts'
import { create } from './create.ts'
import { listingDone, withEncoded } from './encoded-listing.ts'
import { fsinfo } from './fsinfo.ts'
import { fsstat } from './fsstat.ts'
import { getattr } from './getattr.ts'
import type { Handler } from './handler.ts'
import { directoryReplyBytesMax, listingFactor, rtmaxBytes } from './limits.ts'
import { link } from './link.ts'
import { lookup } from './lookup.ts'
import { mkdir } from './mkdir.ts'
import { mknod } from './mknod.ts'
import { nullProcedure } from './null.ts'
import { pathconf } from './pathconf.ts'
import { read } from './read.ts'
import { readBufferBytes, readDone } from './read-buffer.ts'
import { readdir } from './readdir.ts'
import { readdirplus } from './readdirplus.ts'
import { readlink } from './readlink.ts'
import { remove } from './remove.ts'
import { rename } from './rename.ts'
import { rmdir } from './rmdir.ts'
import { setattr } from './setattr.ts'
import { symlink } from './symlink.ts'
import { write } from './write.ts'

/** A row for a procedure that may run twice with the same outcome as once. */
function idempotent<A, R>(
  procedure: Procedure<A, R>,
  handler: Handler<A, R>,
  replyBytesMax?: (args: A) => number,
): ProcedureRow<A, R> {
  const row = { procedure, handler, idempotent: true }
  return replyBytesMax === undefined ? row : { ...row, replyBytesMax }
}

/** A row for one whose retransmission must get the first reply again (RFC 1813, section 4.5). */
function once<A, R>(procedure: Procedure<A, R>, handler: Handler<A, R>): ProcedureRow<A, R> {
  return { procedure, handler, idempotent: false }
}

/** Attributes and the RPC header around a reply's data, generously. */
const replyHeadBytes = 512
/** PATH_MAX of Linux. */
const pathReplyBytesMax = 4096 + replyHeadBytes

function dataReplyBytes(wanted: number, limit: number): number {
  return Math.min(wanted, limit) + replyHeadBytes
}

/** The NFS program over `vfs`. Index in the table is the procedure number. */
export function createNfsProgram(vfs: Vfs): RpcProgram {
  const rows = [
    idempotent(nfs.NFSPROC3_NULL, nullProcedure),
    idempotent(nfs.NFSPROC3_GETATTR, getattr(vfs)),
    once(nfs.NFSPROC3_SETATTR, setattr(vfs)),
    idempotent(nfs.NFSPROC3_LOOKUP, lookup(vfs)),
    idempotent(nfs.NFSPROC3_ACCESS, access(vfs)),
    idempotent(nfs.NFSPROC3_READLINK, readlink(vfs), () => pathReplyBytesMax),
    {
      ...idempotent(nfs.NFSPROC3_READ, read(vfs), ({ count }) =>
        readBufferBytes(dataReplyBytes(count, rtmaxBytes)),
      ),
      done: readDone,
    },
    { ...idempotent(nfs.NFSPROC3_WRITE, write(vfs)), onceAtATime: true },
    once(nfs.NFSPROC3_CREATE, create(vfs)),
    once(nfs.NFSPROC3_MKDIR, mkdir(vfs)),
    once(nfs.NFSPROC3_SYMLINK, symlink(vfs)),
    once(nfs.NFSPROC3_MKNOD, mknod(vfs)),
    once(nfs.NFSPROC3_REMOVE, remove(vfs)),
    once(nfs.NFSPROC3_RMDIR, rmdir(vfs)),
    once(nfs.NFSPROC3_RENAME, rename(vfs)),
    once(nfs.NFSPROC3_LINK, link(vfs)),
    {
      ...idempotent(
        withEncoded(nfs.NFSPROC3_READDIR),
        readdir(vfs),
        ({ count }) => dataReplyBytes(count, directoryReplyBytesMax) * listingFactor,
      ),
      done: listingDone,
    },
    {
      ...idempotent(
        withEncoded(nfs.NFSPROC3_READDIRPLUS),
        readdirplus(vfs),
        ({ maxcount }) => dataReplyBytes(maxcount, directoryReplyBytesMax) * listingFactor,
      ),
      done: listingDone,
    },
    idempotent(nfs.NFSPROC3_FSSTAT, fsstat(vfs)),
    idempotent(nfs.NFSPROC3_FSINFO, fsinfo(vfs)),
    idempotent(nfs.NFSPROC3_PATHCONF, pathconf(vfs)),
    idempotent(nfs.NFSPROC3_COMMIT, commit(vfs)),
  ]
  return { number: NFS_PROGRAM, name: 'nfs', versions: new Map([[NFS_V3, rows]]) }
}
