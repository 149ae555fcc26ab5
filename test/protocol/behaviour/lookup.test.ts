import { onEveryBackEnd } from '../../fixtures/back-ends.ts'
import { made, ok, statusOf } from '../../fixtures/nfs-client.ts'

onEveryBackEnd('LOOKUP', (behaviour) => {
  behaviour('finds a file, with its attributes and the directory’s', async (t, { root, dir }) => {
    const file = made(await root.create(dir, 'file'))
    const found = ok(await root.lookup(dir, 'file'))
    t.same(found.object.data, file, 'the same handle as CREATE gave')
    t.same(found.obj_attributes, ok(await root.getattr(file)).obj_attributes)
    t.same(found.dir_attributes, ok(await root.getattr(dir)).obj_attributes)
  })

  behaviour('of a missing name is NOENT, with the directory’s attributes', async (t, { root, dir }) => {
    const result = await root.lookup(dir, 'missing')
    t.equal(statusOf(result), 'NFS3ERR_NOENT')
    if (result.status !== 0) t.same(result.resfail.dir_attributes, ok(await root.getattr(dir)).obj_attributes)
  })
})
