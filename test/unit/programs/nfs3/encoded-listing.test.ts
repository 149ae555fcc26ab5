import t from 'tap'
import { encodedResult, withEncoded } from '../../../../nfs-server/programs/nfs3/encoded-listing.ts'
import { errno } from '../../../../nfs-server/vfs/errno.ts'
import {
  NFS_V3_PROCEDURES as nfs,
  nfsstat3,
  type READDIR3res,
} from '../../../../nfs-server/xdr/generated/nfs3.ts'
import { XdrReader } from '../../../../nfs-server/xdr/reader.ts'
import { XdrWriter } from '../../../../nfs-server/xdr/writer.ts'

const procedure = withEncoded(nfs.NFSPROC3_READDIR)

function bytesOf(result: Parameters<typeof procedure.encodeResult>[1]): Uint8Array {
  const writer = new XdrWriter()
  procedure.encodeResult(writer, result)
  return writer.bytes()
}

t.test('a listing reads the same whoever has encoded it', async (t) => {
  for (const count of [0, 3, 200]) {
    const entries = Array.from({ length: count }, (_, index) => ({
      fileid: BigInt(index),
      name: Buffer.from(`file ${index}`),
      cookie: BigInt(index + 1),
    }))
    const resok = {
      dir_attributes: undefined,
      cookieverf: new Uint8Array(8),
      reply: { entries, eof: true },
    }
    const plain: READDIR3res = { status: nfsstat3.NFS3_OK, resok }
    const bytes = bytesOf(plain)
    const encoded = encodedResult({ status: errno.OK, encoded: bytes.slice(4) })
    t.same(bytesOf(encoded), bytes)
    t.match(procedure.decodeResult(new XdrReader(bytesOf(encoded))), plain)
  }
})

t.test('a failure is encoded as ever', async (t) => {
  const failed: READDIR3res = {
    status: nfsstat3.NFS3ERR_STALE,
    resfail: { dir_attributes: undefined },
  }
  t.same(procedure.decodeResult(new XdrReader(bytesOf(failed))), failed)
})
