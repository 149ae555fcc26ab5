/** Extended attributes are what somebody has stored: any bytes are an ACL, whole, or none. */
import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { fromAclBytes, toAclBytes } from '../../../nfs-server/vfs/native-acl.ts'
import { AclTag } from '../../../nfs-server/vfs/vfs.ts'

const word = (value: number, bytes: number) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntLE(value, 0, bytes)
  return buffer
}

/** Entries as the kernel has them, most of them with something wrong. */
const entry = fc
  .tuple(
    fc.oneof(fc.constantFrom(...Object.values(AclTag)), fc.integer({ min: 0, max: 0xffff })),
    fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 0xffff })),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  )
  .map(([tag, perm, id]) => Buffer.concat([word(tag, 2), word(perm, 2), word(id, 4)]))
const attribute = fc
  .tuple(
    fc.oneof(fc.constant(2), fc.integer({ min: 0, max: 0xffff_ffff })),
    fc.array(entry, { maxLength: 40 }),
  )
  .map(([version, entries]) => Buffer.concat([word(version, 4), ...entries]))

t.test('any bytes', async (t) => {
  let acls = 0
  fc.assert(
    fc.property(fc.oneof(attribute, fc.uint8Array({ maxLength: 64 })), fc.nat(3), (bytes, cut) => {
      for (const some of [bytes, bytes.subarray(0, bytes.length - cut)]) {
        const acl = fromAclBytes(some)
        if (acl === undefined) continue
        acls++
        if (acl.length > 0) deepStrictEqual(fromAclBytes(toAclBytes(acl)), acl)
      }
    }),
    { numRuns: 3000 },
  )
  t.ok(acls > 10, `${acls} of them were ACLs`)
})
