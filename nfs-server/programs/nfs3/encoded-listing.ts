/** READDIR and READDIRPLUS of a Vfs that encodes its listings itself: the bytes go into the reply unread. */
import { discard } from '../../rpc/buffer-pool.ts'
import type { EncodedListing } from '../../vfs/vfs.ts'
import { nfsstat3 } from '../../xdr/generated/nfs3.ts'
import type { Procedure } from '../../xdr/procedure.ts'
import { isReferenced, type XdrWriter } from '../../xdr/writer.ts'

export interface EncodedResult {
  readonly status: typeof nfsstat3.NFS3_OK
  /** What comes after the status. */
  readonly encoded: Uint8Array
}

export function encodedResult({ encoded }: EncodedListing): EncodedResult {
  return { status: nfsstat3.NFS3_OK, encoded }
}

/** The listing's memory is not needed if no reply refers to it: there is none, or it is small and has been copied. */
export function listingDone(result: object | EncodedResult, isSent: boolean): void {
  if (!('encoded' in result)) return
  if (!isSent || !isReferenced(result.encoded)) discard(result.encoded)
}

/** The procedure, its results also encoded ones. */
export function withEncoded<A, R extends object>(
  procedure: Procedure<A, R>,
): Procedure<A, R | EncodedResult> {
  return {
    ...procedure,
    encodeResult(writer: XdrWriter, value: R | EncodedResult): void {
      if (!('encoded' in value)) {
        procedure.encodeResult(writer, value)
        return
      }
      writer.writeInt32(value.status)
      writer.writeFixedOpaque(value.encoded, value.encoded.length)
    },
  }
}
