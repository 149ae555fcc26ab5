/** NFS version 3 messages spelled out from RFC 1813, section 3.3. */
import t from 'tap'
import {
  createmode3,
  type fattr3,
  ftype3,
  NFS_PROGRAM,
  NFS_V3,
  NFS_V3_PROCEDURES,
  nfsstat3,
  stable_how,
  time_how,
} from '../../../nfs-server/xdr/generated/nfs3.ts'
import { argumentsBothWays, ascii, octets, resultBothWays } from './wire.ts'

const p = NFS_V3_PROCEDURES

const attributesWire = `
  00000002            # type NF3DIR
  000001ed            # mode 0755
  00000003            # nlink
  000003e8 00000064   # uid 1000, gid 100
  00000001 00000000   # size 2^32
  00000000 00001000   # used
  00000008 00000001   # rdev
  fedcba98 76543210   # fsid
  00000000 00000080   # fileid
  65000000 00000001   # atime
  65000001 3b9ac9ff   # mtime
  ffffffff 00000000   # ctime
`
const attributes: fattr3 = {
  type: ftype3.NF3DIR,
  mode: 0o755,
  nlink: 3,
  uid: 1000,
  gid: 100,
  size: 2n ** 32n,
  used: 4096n,
  rdev: { specdata1: 8, specdata2: 1 },
  fsid: 0xfedcba9876543210n,
  fileid: 128n,
  atime: { seconds: 0x65000000, nseconds: 1 },
  mtime: { seconds: 0x65000001, nseconds: 999_999_999 },
  ctime: { seconds: 0xffffffff, nseconds: 0 },
}
const handleWire = '00000005 61626364 65000000' // 5 bytes and 3 of padding
const handle = { data: ascii('abcde') }
const wccWire = `
  00000001                              # before
  00000000 00000007 00000001 00000002 00000003 00000004
  00000000                              # no after
`
const wcc = {
  before: { size: 7n, mtime: { seconds: 1, nseconds: 2 }, ctime: { seconds: 3, nseconds: 4 } },
  after: undefined,
}

t.test('numbers of the program', async (t) => {
  t.same([NFS_PROGRAM, NFS_V3], [100003, 3])
  const numbers = Object.values(p).map((procedure) => procedure.number)
  t.same(numbers, [...Array(22).keys()], 'the 22 procedures in order')
  for (const [name, procedure] of Object.entries(p)) t.equal(procedure.name, name)
})

t.test('GETATTR', async (t) => {
  argumentsBothWays(t, p.NFSPROC3_GETATTR, handleWire, { object: handle })
  resultBothWays(t, p.NFSPROC3_GETATTR, `00000000 ${attributesWire}`, {
    status: nfsstat3.NFS3_OK,
    resok: { obj_attributes: attributes },
  })
  resultBothWays(t, p.NFSPROC3_GETATTR, '00000046', { status: nfsstat3.NFS3ERR_STALE })
})

t.test('SETATTR', async (t) => {
  const text = `
    ${handleWire}
    00000001 000001a4            # mode 0644
    00000000                     # uid unchanged
    00000001 fffffffe            # gid
    00000001 00000000 0000000a   # size 10
    00000001                     # atime: the server's
    00000002 00000005 00000006   # mtime: the client's
    00000001 00000007 00000008   # guard`
  argumentsBothWays(t, p.NFSPROC3_SETATTR, text, {
    object: handle,
    new_attributes: {
      mode: 0o644,
      uid: undefined,
      gid: 0xfffffffe,
      size: 10n,
      atime: { set_it: time_how.SET_TO_SERVER_TIME },
      mtime: { set_it: time_how.SET_TO_CLIENT_TIME, mtime: { seconds: 5, nseconds: 6 } },
    },
    guard: { seconds: 7, nseconds: 8 },
  })
  resultBothWays(t, p.NFSPROC3_SETATTR, `00002712 ${wccWire}`, {
    status: nfsstat3.NFS3ERR_NOT_SYNC,
    resfail: { obj_wcc: wcc },
  })
})

t.test('LOOKUP', async (t) => {
  argumentsBothWays(t, p.NFSPROC3_LOOKUP, `${handleWire} 00000003 6e616d00`, {
    what: { dir: handle, name: ascii('nam') },
  })
  const found = `00000000 ${handleWire} 00000001 ${attributesWire} 00000000`
  resultBothWays(t, p.NFSPROC3_LOOKUP, found, {
    status: nfsstat3.NFS3_OK,
    resok: { object: handle, obj_attributes: attributes, dir_attributes: undefined },
  })
  resultBothWays(t, p.NFSPROC3_LOOKUP, `00000002 00000001 ${attributesWire}`, {
    status: nfsstat3.NFS3ERR_NOENT,
    resfail: { dir_attributes: attributes },
  })
})

t.test('READ', async (t) => {
  argumentsBothWays(t, p.NFSPROC3_READ, `${handleWire} 00000001 00000002 00010000`, {
    file: handle,
    offset: 0x1_0000_0002n,
    count: 65536,
  })
  const text = '00000000 00000000 00000006 00000001 00000006 64617461 21210000'
  resultBothWays(t, p.NFSPROC3_READ, text, {
    status: nfsstat3.NFS3_OK,
    resok: { file_attributes: undefined, count: 6, eof: true, data: ascii('data!!') },
  })
})

t.test('WRITE', async (t) => {
  const text = `${handleWire} 00000000 00000200 00000003 00000002 00000003 01020300`
  argumentsBothWays(t, p.NFSPROC3_WRITE, text, {
    file: handle,
    offset: 512n,
    count: 3,
    stable: stable_how.FILE_SYNC,
    data: octets('010203'),
  })
  resultBothWays(t, p.NFSPROC3_WRITE, `00000000 ${wccWire} 00000003 00000000 deadbeef 01234567`, {
    status: nfsstat3.NFS3_OK,
    resok: { file_wcc: wcc, count: 3, committed: stable_how.UNSTABLE, verf: octets('deadbeef01234567') },
  })
})

t.test('CREATE and MKNOD', async (t) => {
  const nothing = '00000000 00000000 00000000 00000000 00000000 00000000'
  const unchanged = {
    mode: undefined,
    uid: undefined,
    gid: undefined,
    size: undefined,
    atime: { set_it: time_how.DONT_CHANGE },
    mtime: { set_it: time_how.DONT_CHANGE },
  }
  const where = { dir: handle, name: ascii('f') }
  const whereWire = `${handleWire} 00000001 66000000`
  argumentsBothWays(t, p.NFSPROC3_CREATE, `${whereWire} 00000001 ${nothing}`, {
    where,
    how: { mode: createmode3.GUARDED, obj_attributes: unchanged },
  })
  argumentsBothWays(t, p.NFSPROC3_CREATE, `${whereWire} 00000002 00112233 44556677`, {
    where,
    how: { mode: createmode3.EXCLUSIVE, verf: octets('0011223344556677') },
  })
  resultBothWays(t, p.NFSPROC3_CREATE, `00000000 00000001 ${handleWire} 00000000 ${wccWire}`, {
    status: nfsstat3.NFS3_OK,
    resok: { obj: handle, obj_attributes: undefined, dir_wcc: wcc },
  })
  argumentsBothWays(t, p.NFSPROC3_MKNOD, `${whereWire} 00000004 ${nothing} 00000001 00000003`, {
    where,
    what: {
      type: ftype3.NF3CHR,
      device: { dev_attributes: unchanged, spec: { specdata1: 1, specdata2: 3 } },
    },
  })
  argumentsBothWays(t, p.NFSPROC3_MKNOD, `${whereWire} 00000007 ${nothing}`, {
    where,
    what: { type: ftype3.NF3FIFO, pipe_attributes: unchanged },
  })
  argumentsBothWays(t, p.NFSPROC3_MKNOD, `${whereWire} 00000001`, { where, what: { type: ftype3.NF3REG } })
})

t.test('READDIR and READDIRPLUS', async (t) => {
  const list = `
    00000000 00000000            # status, no attributes
    00000000 00000009            # cookieverf
    00000001 00000000 00000002 00000001 2e000000 00000000 00000001
    00000001 00000000 00000003 00000002 2e2e0000 00000000 00000002
    00000000 00000001            # end of the list, eof`
  resultBothWays(t, p.NFSPROC3_READDIR, list, {
    status: nfsstat3.NFS3_OK,
    resok: {
      dir_attributes: undefined,
      cookieverf: octets('0000000000000009'),
      reply: {
        entries: [
          { fileid: 2n, name: ascii('.'), cookie: 1n },
          { fileid: 3n, name: ascii('..'), cookie: 2n },
        ],
        eof: true,
      },
    },
  })
  const plus = `
    00000000 00000000 00000000 00000000
    00000001 00000000 00000002 00000001 61000000 00000000 00000001
    00000001 ${attributesWire} 00000001 ${handleWire}
    00000000 00000000`
  resultBothWays(t, p.NFSPROC3_READDIRPLUS, plus, {
    status: nfsstat3.NFS3_OK,
    resok: {
      dir_attributes: undefined,
      cookieverf: new Uint8Array(8),
      reply: {
        entries: [
          { fileid: 2n, name: ascii('a'), cookie: 1n, name_attributes: attributes, name_handle: handle },
        ],
        eof: false,
      },
    },
  })
  const call = `${handleWire} 00000000 00000005 00000000 00000000 00000200 00002000`
  argumentsBothWays(t, p.NFSPROC3_READDIRPLUS, call, {
    dir: handle,
    cookie: 5n,
    cookieverf: new Uint8Array(8),
    dircount: 512,
    maxcount: 8192,
  })
})

t.test('FSINFO and COMMIT', async (t) => {
  const text = `
    00000000 00000000
    00100000 00100000 00001000   # rtmax rtpref rtmult
    00100000 00080000 00000200   # wtmax wtpref wtmult
    00010000                     # dtpref
    7fffffff ffffffff            # maxfilesize
    00000000 00000001            # time_delta
    0000001b                     # properties`
  resultBothWays(t, p.NFSPROC3_FSINFO, text, {
    status: nfsstat3.NFS3_OK,
    resok: {
      obj_attributes: undefined,
      rtmax: 1048576,
      rtpref: 1048576,
      rtmult: 4096,
      wtmax: 1048576,
      wtpref: 524288,
      wtmult: 512,
      dtpref: 65536,
      maxfilesize: 2n ** 63n - 1n,
      time_delta: { seconds: 0, nseconds: 1 },
      properties: 0x1b,
    },
  })
  argumentsBothWays(t, p.NFSPROC3_COMMIT, `${handleWire} 00000000 00000400 00000000`, {
    file: handle,
    offset: 1024n,
    count: 0,
  })
})
