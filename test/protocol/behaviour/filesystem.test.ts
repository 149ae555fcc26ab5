/** FSSTAT, FSINFO, PATHCONF: what a client bases its transfer sizes and its `df` on. */
import { NFS_V3_PROCEDURES as nfs } from '../../../nfs-server/xdr/generated/nfs3.ts'
import { onEveryBackEnd } from '../../fixtures/back-ends.ts'
import { attributesOf, made, ok, statusOf } from '../../fixtures/nfs-client.ts'

const megabyte = 1 << 20

onEveryBackEnd('FSSTAT, FSINFO, PATHCONF', (behaviour) => {
  behaviour('NULL answers', async (t, { root }) => {
    t.equal(await root.call(nfs.NFSPROC3_NULL, undefined), undefined)
  })

  behaviour('FSINFO announces transfers of a megabyte, in whole pages', async (t, { root, exportRoot }) => {
    const info = ok(await root.fsinfo(exportRoot))
    t.match(info, { rtmax: megabyte, rtpref: megabyte, wtmax: megabyte, wtpref: megabyte })
    t.match(info, { rtmult: 4096, wtmult: 4096 })
    t.ok(info.dtpref >= 8192 && info.dtpref <= megabyte)
    t.equal(info.obj_attributes?.type, 2)
  })

  behaviour('FSINFO announces links, symbolic links and settable times', async (t, { root, exportRoot }) => {
    const { properties, time_delta } = ok(await root.fsinfo(exportRoot))
    t.equal(properties & 0x13, 0x13)
    t.equal(properties & ~0x1b, 0, 'and no bits that mean nothing')
    t.equal(time_delta.seconds, 0)
    t.ok(time_delta.nseconds >= 1 && time_delta.nseconds <= 10_000_000)
  })

  behaviour('FSINFO announces a largest file that SETATTR can make', async (t, stage) => {
    const { root, exportRoot, dir, backEnd } = stage
    const { maxfilesize } = ok(await root.fsinfo(exportRoot))
    t.ok(maxfilesize >= 1n << 40n && maxfilesize < 1n << 63n, `${maxfilesize}`)
    // An overlay has its own limit and the smaller one of its upper layer, which nothing tells.
    if (backEnd === 'native-overlay') return
    const file = made(await root.create(dir, 'file'))
    t.equal(statusOf(await root.setattr(file, { size: maxfilesize })), 'NFS3_OK')
    t.equal((await attributesOf(root, file)).size, maxfilesize)
    const { count, eof } = ok(await root.read(file, maxfilesize - 1_000_000n, 100))
    t.same({ count, eof }, { count: 100, eof: false })
    ok(await root.remove(dir, 'file'))
  })

  behaviour('FSSTAT fits signed arithmetic and adds up', async (t, { root, exportRoot }) => {
    const { tbytes, fbytes, abytes, tfiles, ffiles, afiles, obj_attributes } = ok(
      await root.fsstat(exportRoot),
    )
    t.ok(tbytes > 0n)
    for (const value of [tbytes, fbytes, abytes, tfiles, ffiles, afiles]) {
      t.ok(value >= 0n && value < 1n << 63n, `${value}`)
    }
    t.ok(fbytes <= tbytes && abytes <= fbytes)
    t.ok(ffiles <= tfiles && afiles <= ffiles)
    t.same(obj_attributes?.fileid, (await attributesOf(root, exportRoot)).fileid)
  })

  behaviour('PATHCONF announces the names that are really possible', async (t, { root, exportRoot }) => {
    const conf = ok(await root.pathconf(exportRoot))
    t.match(conf, { name_max: 255, no_trunc: true, chown_restricted: true })
    t.match(conf, { case_insensitive: false, case_preserving: true })
    t.ok(conf.linkmax >= 2)
    t.equal(conf.obj_attributes?.type, 2)
  })

  behaviour(
    'all of them answer for a file as for the root, and for everybody',
    async (t, { root, bob, dir }) => {
      const file = made(await root.create(dir, 'file', { mode: 0 }))
      t.equal(ok(await bob.fsinfo(file)).rtmax, megabyte)
      t.ok(ok(await bob.fsstat(file)).tbytes > 0n)
      t.equal(ok(await bob.pathconf(file)).name_max, 255)
    },
  )

  behaviour('all of them report a stale handle', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    ok(await root.remove(dir, 'file'))
    for (const result of [await root.fsinfo(file), await root.fsstat(file), await root.pathconf(file)]) {
      t.equal(statusOf(result), 'NFS3ERR_STALE')
    }
  })
})
