import t from 'tap'
import {
  aclOfMode,
  fromWire,
  toWire,
  wireLength,
} from '../../../../nfs-server/programs/nfsacl/acl-entries.ts'
import { type Acl, AclTag, type Attributes, FileType } from '../../../../nfs-server/vfs/vfs.ts'
import {
  decodeSETACL3args,
  encodeGETACL3res,
  type GETACL3res,
} from '../../../../nfs-server/xdr/generated/nfsacl.ts'
import { XdrReader } from '../../../../nfs-server/xdr/reader.ts'
import { XdrWriter } from '../../../../nfs-server/xdr/writer.ts'

const time = { seconds: 0, nseconds: 0 }
const attributes: Attributes = {
  type: FileType.REG,
  mode: 0o640,
  nlink: 1,
  uid: 1001,
  gid: 2000,
  size: 0n,
  used: 0n,
  rdev: { specdata1: 0, specdata2: 0 },
  fsid: 1n,
  fileid: 2n,
  atime: time,
  mtime: time,
  ctime: time,
}
const long: Acl = [
  { tag: AclTag.USER_OBJ, perm: 6, id: undefined },
  { tag: AclTag.USER, perm: 6, id: 1000 },
  { tag: AclTag.GROUP_OBJ, perm: 4, id: undefined },
  { tag: AclTag.MASK, perm: 6, id: undefined },
  { tag: AclTag.OTHER, perm: 0, id: undefined },
]
const words = (...numbers: number[]) => {
  const bytes = Buffer.alloc(numbers.length * 4)
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, index * 4)
  return bytes
}

t.test('a minimal ACL gets a mask on the wire and loses it on the way back', async (t) => {
  const minimal = aclOfMode(0o754)
  t.equal(wireLength(minimal), 4)
  const wire = toWire(minimal, attributes, false)
  t.same(wire, [
    { type: 0x01, id: 1001, perm: 7 },
    { type: 0x04, id: 2000, perm: 5 },
    { type: 0x10, id: 0, perm: 5 },
    { type: 0x20, id: 0, perm: 4 },
  ])
  t.same(fromWire(wire), minimal)
})

t.test('a mask that says something stays', async (t) => {
  const mask = { tag: AclTag.MASK, perm: 1, id: undefined }
  const [owner, group, others] = aclOfMode(0o754)
  const restricted = [owner!, group!, mask, others!]
  t.same(fromWire(toWire(restricted, attributes, false)), restricted)
  t.same(fromWire(toWire(long, attributes, true)), long, 'and the bit of default ACLs goes')
})

t.test('entries are put in the kernel’s order', async (t) => {
  const wire = toWire(long, attributes, false)
  t.same(fromWire(wire.toReversed()), long)
  const users = [1003, 1001, 1002].map((id) => ({ type: AclTag.USER, id, perm: 4 }))
  const sorted = fromWire([...users, ...toWire(long, attributes, false)])
  t.same(
    sorted?.filter(({ tag }) => tag === AclTag.USER).map(({ id }) => id),
    [1000, 1001, 1002, 1003],
  )
})

t.test('what is no ACL', async (t) => {
  const wrong = {
    'an unknown tag': { type: 3, id: 0, perm: 0 },
    'two tags': { type: 0x30, id: 0, perm: 0 },
    'a permission beyond rwx': { type: AclTag.USER_OBJ, id: 0, perm: 8 },
    'a permission beyond rwx of a user': { type: AclTag.USER, id: 7, perm: 8 },
    'the id of nobody': { type: AclTag.USER, id: 0xffffffff, perm: 4 },
  }
  for (const [name, entry] of Object.entries(wrong)) t.equal(fromWire([entry]), undefined, name)
  t.same(fromWire([{ type: AclTag.MASK, id: 0, perm: 0xfff }]), [
    { tag: AclTag.MASK, id: undefined, perm: 7 },
  ])
  const many = Array.from({ length: 1025 }, (_, id) => ({ type: AclTag.USER, id, perm: 4 }))
  t.equal(fromWire(many), undefined)
  t.equal(fromWire(many.slice(1))?.length, 1024)
})

t.test('the bytes of a reply', async (t) => {
  const byDefault = long.map((entry) => ({ ...entry, perm: 7 }))
  const result: GETACL3res = {
    status: 0,
    resok: {
      attr: undefined,
      acl: {
        mask: 5,
        aclcnt: 4,
        acl: toWire(aclOfMode(0o600), attributes, false),
        dfaclcnt: 5,
        dfacl: toWire(byDefault, attributes, true),
      },
    },
  }
  const writer = new XdrWriter()
  encodeGETACL3res(writer, result)
  const expected = words(
    ...[0, 0, 5],
    ...[4, 4, 0x01, 1001, 6, 0x04, 2000, 0, 0x10, 0, 0, 0x20, 0, 0],
    ...[5, 5, 0x1001, 1001, 7, 0x1002, 1000, 7, 0x1004, 2000, 7, 0x1010, 0, 7, 0x1020, 0, 7],
  )
  t.same(Buffer.concat(writer.segments()), expected)
})

t.test('the bytes of a call; no more entries than there may be', async (t) => {
  const head = words(4, 0x01020304, 1)
  const call = Buffer.concat([head, words(1, 1, 0x20, 0, 4, 0, 0)])
  t.same(decodeSETACL3args(new XdrReader(call)), {
    fh: { data: Buffer.from([1, 2, 3, 4]) },
    acl: { mask: 1, aclcnt: 1, acl: [{ type: 0x20, id: 0, perm: 4 }], dfaclcnt: 0, dfacl: [] },
  })
  const many = Buffer.concat([head, words(1025, 1025, ...new Array(1025 * 3).fill(0), 0, 0)])
  t.throws(() => decodeSETACL3args(new XdrReader(many)), { name: 'XdrError' })
})
