import { constants } from 'node:os'
import t from 'tap'
import { Answers, answerAt, type Numbers } from '../../../fsva-client/side-channel/answers.ts'

const bytesOf = (answer: Numbers) => answer[answerAt.bytes]!

/** Answered at once. */
const atOnce =
  (bytes: number, errno = 0) =>
  (numbers: Float64Array) => {
    numbers[answerAt.errno] = errno
    numbers[answerAt.bytes] = bytes
    return 0
  }

t.test('what is asked in a row and answered at once has its own answer each', async (t) => {
  const answers = new Answers(0, 1000)
  const asked = [10, 20, 30].map((bytes) => answers.answer(atOnce(bytes), bytesOf))
  const refused = answers.answer(atOnce(0, constants.errno.EIO), bytesOf)
  t.same(await Promise.all(asked), [10, 20, 30])
  await t.rejects(refused, { code: 'EIO' })
})

t.test('without room it is asked again', async (t) => {
  const answers = new Answers(0, 60_000)
  let times = 0
  const ask = (numbers: Float64Array) => atOnce(7, ++times < 3 ? constants.errno.EAGAIN : 0)(numbers)
  t.equal(await answers.answer(ask, bytesOf), 7)
  t.equal(times, 3)
})

t.test('a file that has to be opened again is asked for by a thread that may wait', async (t) => {
  const answers = new Answers(0, 1000)
  const waiting = async () => [0, 0, 9, 0]
  t.equal(await answers.answer(atOnce(0, constants.errno.EBADF), bytesOf, waiting), 9)
})
