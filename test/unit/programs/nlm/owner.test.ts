import t from 'tap'
import { lockOwner, ownerNames } from '../../../../nfs-server/programs/nlm/owner.ts'

const names = { caller_name: Buffer.from('host'), svid: -7, oh: Buffer.from('12@host') }

t.test('what a client is told of a lock in the way', async (t) => {
  const { svid, oh } = ownerNames(lockOwner('192.0.2.1', names))
  t.equal(svid, -7)
  t.same(Buffer.from(oh), names.oh)
})

t.test('whatever differs makes another owner', async (t) => {
  const owner = lockOwner('192.0.2.1', names)
  t.same(lockOwner('192.0.2.1', { ...names }), owner)
  t.notSame(lockOwner('192.0.2.2', names), owner)
  t.notSame(lockOwner('192.0.2.1', { ...names, svid: 7 }), owner)
  t.notSame(lockOwner('192.0.2.1', { ...names, caller_name: Buffer.from('other') }), owner)
  // Where one field ends and the next begins is part of it.
  const shifted = { ...names, oh: Buffer.from('12@host192'), caller_name: names.caller_name }
  t.notSame(lockOwner('.0.2.1', shifted), owner)
})

t.test('the longest names fit what a Vfs takes', async (t) => {
  const longest = { caller_name: Buffer.alloc(1024), svid: 1, oh: Buffer.alloc(1024) }
  t.ok(lockOwner('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%interface', longest).length <= 4096)
})
