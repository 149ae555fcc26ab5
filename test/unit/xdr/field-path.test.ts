/** Errors of generated code say which field of which message is at fault, in both directions. */
import t from 'tap'
import { MOUNT_V3_PROCEDURES } from '../../../nfs-server/xdr/generated/mount.ts'
import * as nfs from '../../../nfs-server/xdr/generated/nfs3.ts'
import { decodeauthsys_parms, decoderpc_msg } from '../../../nfs-server/xdr/generated/rpc.ts'
import { RPCBVERS4_PROCEDURES } from '../../../nfs-server/xdr/generated/rpcbind.ts'
import { XdrReader } from '../../../nfs-server/xdr/reader.ts'
import { XdrWriter } from '../../../nfs-server/xdr/writer.ts'
import { XdrError } from '../../../nfs-server/xdr/xdr-error.ts'
import * as everything from '../../fixtures/xdr/generated/everything.ts'
import { wire } from './wire.ts'

const handle = '00000004 61626364'

t.test('decoding', async (t) => {
  const faults: [string, (reader: XdrReader) => unknown, string, string][] = [
    [
      'a field',
      nfs.decodeWRITE3args,
      `${handle} 00000000 00000000 00000001 00000000 00011170 61626364 61626364 61626364`,
      'WRITE3args.data: length 70000 exceeds the 12 bytes left',
    ],
    [
      'a field of a field',
      nfs.decodeWRITE3args,
      '00000041',
      'WRITE3args.file.data: length 65 exceeds the maximum of 64',
    ],
    ['the first field', nfs.decodeREAD3args, '', 'READ3args.file.data: needs 4 bytes, 0 are left'],
    ['the discriminant', nfs.decodeREAD3res, '00000003', 'READ3res.status: 3 is not a value of nfsstat3'],
    [
      'an arm',
      nfs.decodeLOOKUP3res,
      '00000002 00000001 00000000',
      'LOOKUP3res.resfail.dir_attributes.attributes.type: 0 is not a value of ftype3',
    ],
    [
      'the flag of an optional union',
      nfs.decodeLOOKUP3res,
      '00000002 00000009',
      'LOOKUP3res.resfail.dir_attributes.attributes_follow: 9 is neither FALSE (0) nor TRUE (1)',
    ],
    [
      'an element of a list',
      nfs.decodedirlist3,
      `00000001 00000000 00000001 00000001 61000000 00000000 00000001
       00000001 00000000 00000002 00000500`,
      'dirlist3.entries[1].name: length 1280 exceeds the 0 bytes left',
    ],
    [
      'an element of an array',
      everything.decodearrays,
      '00000001 00000002 00000003 00000000 00000000 00000002 00000003 00000009 00000002 00000002 00000002',
      'arrays.palettes[0][2]: 9 is not a value of colour',
    ],
    [
      'a count',
      decodeauthsys_parms,
      '00000000 00000000 00000000 00000000 00000011',
      'authsys_parms.gids: count 17 exceeds the maximum of 16',
    ],
    [
      'a body in line',
      decoderpc_msg,
      '00000001 00000002',
      'rpc_msg.body.mtype: 2 is not a value of msg_type',
    ],
    [
      'a list of lists',
      MOUNT_V3_PROCEDURES.MOUNTPROC3_EXPORT.decodeResult,
      '00000001 00000001 2f000000 00000001 00000100',
      'exportnode[0].ex_groups[0].gr_name: length 256 exceeds the maximum of 255',
    ],
    [
      'a typedef of an array',
      RPCBVERS4_PROCEDURES.RPCBPROC_GETSTAT.decodeResult,
      '00000000',
      'rpcb_stat_byvers: count 3 of at least 68 bytes each exceeds the 4 bytes left',
    ],
  ]
  for (const [name, decode, text, message] of faults) {
    t.throws(() => decode(new XdrReader(wire(text))), { name: 'XdrError', message }, name)
  }
})

t.test('encoding', async (t) => {
  const time = { seconds: 0, nseconds: 0 }
  const attributes = {
    type: nfs.ftype3.NF3REG,
    mode: 0,
    nlink: 1,
    uid: 0,
    gid: 0,
    size: 0n,
    used: 0n,
    rdev: { specdata1: 0, specdata2: 0 },
    fsid: 0n,
    fileid: 0n,
    atime: time,
    mtime: time,
    ctime: time,
  }
  const result = (wrong: Partial<nfs.fattr3>): nfs.GETATTR3res => ({
    status: nfs.nfsstat3.NFS3_OK,
    resok: { obj_attributes: { ...attributes, ...wrong } },
  })
  const writer = new XdrWriter()
  const place = 'GETATTR3res.resok.obj_attributes'
  t.throws(() => nfs.encodeGETATTR3res(writer, result({ uid: -1 })), {
    message: `${place}.uid: -1 is not an unsigned 32-bit integer`,
  })
  t.throws(() => nfs.encodeGETATTR3res(writer, result({ size: -1n })), {
    message: `${place}.size: -1 is not an unsigned 64-bit integer`,
  })
  t.throws(() => nfs.encodeGETATTR3res(writer, result({ mtime: { seconds: 0, nseconds: 2 ** 32 } })), {
    message: `${place}.mtime.nseconds: 4294967296 is not an unsigned 32-bit integer`,
  })
  t.throws(
    () => nfs.encodediropargs3(writer, { dir: { data: new Uint8Array(65) }, name: new Uint8Array(1) }),
    { message: 'diropargs3.dir.data: length 65 exceeds the maximum of 64' },
  )
  const entry = { fileid: 1n, name: new Uint8Array(1), cookie: 1n }
  t.throws(() => nfs.encodedirlist3(writer, { entries: [entry, { ...entry, cookie: -1n }], eof: true }), {
    message: 'dirlist3.entries[1].cookie: -1 is not an unsigned 64-bit integer',
  })
})

t.test('the parts of the message are there by themselves', async (t) => {
  try {
    nfs.decodeREAD3args(new XdrReader(wire('00000041')))
    t.fail('no error')
  } catch (error) {
    if (!(error instanceof XdrError)) throw error
    t.same(
      [error.type, error.path, error.reason],
      ['READ3args', 'file.data', 'length 65 exceeds the maximum of 64'],
    )
  }
})

t.test('other errors pass as they are', async (t) => {
  const value = {
    get object(): never {
      throw new TypeError('not ours')
    },
  }
  t.throws(() => nfs.encodeGETATTR3args(new XdrWriter(), value), new TypeError('not ours'))
})
