import {
  ACCESS3_DELETE,
  ACCESS3_EXECUTE,
  ACCESS3_EXTEND,
  ACCESS3_LOOKUP,
  ACCESS3_MODIFY,
  ACCESS3_READ,
} from '../../../nfs-server/xdr/generated/nfs3.ts'
import { onEveryBackEnd } from '../../fixtures/back-ends.ts'
import { attributesOf, made, ok } from '../../fixtures/nfs-client.ts'

const fileWrite = ACCESS3_MODIFY | ACCESS3_EXTEND
const directoryWrite = fileWrite | ACCESS3_DELETE

onEveryBackEnd('ACCESS', (behaviour) => {
  behaviour('to a file goes by its mode: owner, group, others', async (t, { root, alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o640 }))
    t.equal(ok(await alice.access(file)).access, ACCESS3_READ | fileWrite)
    t.equal(ok(await bob.access(file)).access, 0)
    ok(await root.setattr(file, { gid: 1002 }))
    t.equal(ok(await bob.access(file)).access, ACCESS3_READ)
    t.equal(ok(await root.access(file)).access, ACCESS3_READ | fileWrite)
  })

  behaviour('is checked by the first class that fits, not by the kindest', async (t, { alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o077 }))
    t.equal(ok(await alice.access(file)).access, 0, 'though everybody else may')
    t.equal(ok(await bob.access(file)).access, ACCESS3_READ | fileWrite | ACCESS3_EXECUTE)
  })

  behaviour('to execute: root too needs somebody to have it', async (t, { root, alice, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o644 }))
    t.equal(ok(await root.access(file)).access & ACCESS3_EXECUTE, 0)
    ok(await alice.setattr(file, { mode: 0o654 }))
    t.equal(ok(await root.access(file)).access & ACCESS3_EXECUTE, ACCESS3_EXECUTE)
    t.equal(ok(await alice.access(file)).access & ACCESS3_EXECUTE, 0)
  })

  behaviour('to a directory has LOOKUP instead of EXECUTE, and DELETE', async (t, { alice, bob, dir }) => {
    const directory = made(await alice.mkdir(dir, 'directory', { mode: 0o754 }))
    t.equal(ok(await alice.access(directory)).access, ACCESS3_READ | ACCESS3_LOOKUP | directoryWrite)
    t.equal(ok(await bob.access(directory)).access, ACCESS3_READ)
    ok(await alice.setattr(directory, { mode: 0o751 }))
    t.equal(ok(await bob.access(directory)).access, ACCESS3_LOOKUP)
  })

  behaviour('answers no more than was asked', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o700 }))
    t.equal(ok(await alice.access(file, ACCESS3_READ)).access, ACCESS3_READ)
    t.equal(ok(await alice.access(file, 0)).access, 0)
    t.equal(ok(await alice.access(file, 0xffffffc0)).access, 0, 'bits that mean nothing are not granted')
  })

  behaviour('needs no permission itself, and gives the attributes', async (t, { alice, bob, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0 }))
    const { access, obj_attributes } = ok(await bob.access(file))
    t.equal(access, 0)
    t.same(obj_attributes, await attributesOf(alice, file))
  })

  behaviour('does not promise what only the owner override allows', async (t, { alice, dir }) => {
    const file = made(await alice.create(dir, 'file', { mode: 0o444 }))
    t.equal(ok(await alice.access(file)).access, ACCESS3_READ)
  })

  behaviour('goes by supplementary groups', async (t, { root, alice, bob, dir }) => {
    const directory = made(await root.mkdir(dir, 'directory'))
    ok(await root.setattr(directory, { gid: 2000, mode: 0o770 }))
    t.equal(ok(await alice.access(directory)).access, ACCESS3_READ | ACCESS3_LOOKUP | directoryWrite)
    t.equal(ok(await bob.access(directory)).access, 0)
  })
})
