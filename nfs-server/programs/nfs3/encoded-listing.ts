/** READDIR and READDIRPLUS of a Vfs that encodes its listings itself: the bytes go into the reply unread. */
import type { EncodedListing } from '../../vfs/vfs.ts'
import { nfsstat3 } from '../../xdr/generated/nfs3.ts'
import type { Procedure } from '../../xdr/procedure.ts'
import type { XdrWriter } from '../../xdr/writer.ts'

export interface EncodedResult {
  readonly status: typeof nfsstat3.NFS3_OK
  /** What comes after the status. */
  readonly encoded: Uint8Array
}

export function encodedResult({ encoded }: EncodedListing): EncodedResult {
  return { status: nfsstat3.NFS3_OK, encoded }
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
