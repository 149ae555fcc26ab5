import t from 'tap'
import { fromAclBytes, toAclBytes } from '../../../nfs-server/vfs/native-acl.ts'
import { type Acl, AclTag } from '../../../nfs-server/vfs/vfs.ts'

// setfacl -m u:1000:rw,g:70000:r on a file of mode 640, as getfattr -e hex shows it.
const bytes = Buffer.from(
  '02000000' +
    '01000600ffffffff' +
    '02000600e8030000' +
    '04000400ffffffff' +
    '0800040070110100' +
    '10000600ffffffff' +
    '20000000ffffffff',
  'hex',
)
const acl: Acl = [
  { tag: AclTag.USER_OBJ, perm: 6, id: undefined },
  { tag: AclTag.USER, perm: 6, id: 1000 },
  { tag: AclTag.GROUP_OBJ, perm: 4, id: undefined },
  { tag: AclTag.GROUP, perm: 4, id: 70_000 },
  { tag: AclTag.MASK, perm: 6, id: undefined },
  { tag: AclTag.OTHER, perm: 0, id: undefined },
]

t.test('the kernel’s bytes', async (t) => {
  t.same(fromAclBytes(bytes), acl)
  t.same(Buffer.from(toAclBytes(acl)), bytes)
  t.same(toAclBytes([]), new Uint8Array(0), 'none')
  t.same(fromAclBytes(Buffer.concat([Buffer.alloc(1), bytes]).subarray(1)), acl, 'wherever they are')
})

t.test('bytes that are no ACL', async (t) => {
  const version1 = Buffer.from(bytes)
  version1[0] = 1
  const unknownTag = Buffer.from(bytes)
  unknownTag[4] = 3
  const unknownPermission = Buffer.from(bytes)
  unknownPermission[6] = 8
  const cases = {
    version1,
    unknownTag,
    unknownPermission,
    cut: bytes.subarray(0, 9),
    head: bytes.subarray(0, 3),
  }
  for (const [name, wrong] of Object.entries(cases)) t.equal(fromAclBytes(wrong), undefined, name)
})
