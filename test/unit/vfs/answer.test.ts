import t from 'tap'
import { chainAnswer, mapAnswer } from '../../../nfs-server/vfs/answer.ts'

t.test('what is there at once stays without promises', async (t) => {
  t.equal(
    mapAnswer(20, (value) => value + 1),
    21,
  )
  t.equal(
    chainAnswer(20, (value) => value + 1),
    21,
  )
})

t.test('what comes later is mapped later', async (t) => {
  const mapped = mapAnswer(Promise.resolve(20), (value) => value + 1)
  t.ok(mapped instanceof Promise)
  t.equal(await mapped, 21)
  const chained = chainAnswer(20, (value) => Promise.resolve(value + 1))
  t.ok(chained instanceof Promise)
  t.equal(await chained, 21)
  t.equal(await chainAnswer(Promise.resolve(20), (value) => Promise.resolve(value + 1)), 21)
})

t.test('a failure goes through', async (t) => {
  const failing: Promise<number> = Promise.reject(new Error('broken'))
  await t.rejects(Promise.resolve(mapAnswer(failing, (value) => value + 1)), /broken/)
})
