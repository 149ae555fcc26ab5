import t from 'tap'
import { fileFailure } from '../../../fsva-client/copy/file-failure.ts'
import { Progress, readableBytes } from '../../../fsva-client/copy/progress.ts'
import { pump } from '../../../fsva-client/copy/pump.ts'
import type { Place } from '../../../fsva-client/local-agent.ts'

const places: readonly [Place, Place] = [
  { at: 0, bytes: new Uint8Array(4) },
  { at: 4, bytes: new Uint8Array(4) },
]

t.test('a pump moves everything in order, one place filled while the other is emptied', async (t) => {
  for (const text of ['', 'abc', 'abcd', 'abcdefghij', 'abcdefghijkl']) {
    const from = Buffer.from(text)
    const log: string[] = []
    let moved = ''
    const bytes = await pump(
      places,
      async (place, length, offset) => {
        log.push(`fill ${place.at}`)
        return from.copy(place.bytes, 0, offset, offset + length)
      },
      async (place, length, offset) => {
        log.push(`empty ${place.at}`)
        const text = Buffer.from(place.bytes.subarray(0, length)).toString()
        await new Promise(setImmediate)
        t.equal(offset, moved.length)
        moved += text
        log.push(`emptied ${place.at}`)
      },
    )
    t.equal(moved, text)
    t.equal(bytes, text.length)
    if (text.length === 10) {
      t.same(log.slice(0, 6), ['fill 0', 'empty 0', 'fill 4', 'emptied 0', 'empty 4', 'fill 0'])
    }
  }
})

t.test('a pump that fails has nothing under way any more', async (t) => {
  let isBusy = false
  const empty = async () => {
    isBusy = true
    await new Promise((resolve) => setTimeout(resolve, 20))
    isBusy = false
  }
  const fill = async (_place: Place, length: number, offset: number) => {
    if (offset > 0) throw new Error('no more')
    return length
  }
  await t.rejects(pump(places, fill, empty), { message: 'no more' })
  t.notOk(isBusy)
  const full = async () => Promise.reject(new Error('full'))
  await t.rejects(
    pump(places, async (_, length) => length, full),
    { message: 'full' },
  )
})

t.test('bytes that people read', async (t) => {
  const sizes = [0, 1023, 1024, 1536, 9_437_187, 2 ** 40, 2 ** 60]
  t.same(sizes.map(readableBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '9.0 MiB',
    '1.0 TiB',
    '1024.0 PiB',
  ])
})

t.test('progress is not said more often than one can read', async (t) => {
  let now = 0
  const said: string[] = []
  const progress = new Progress({ write: (text) => said.push(text) }, 'f', 4 << 20, () => now)
  for (let done = 1; done <= 4; done++) {
    now += 150
    progress.update(done << 20)
  }
  progress.end(4 << 20)
  t.same(said, [
    '\r\x1b[Kf   25%  1.0 MiB of 4.0 MiB, 6.7 MiB/s',
    '\r\x1b[Kf   75%  3.0 MiB of 4.0 MiB, 6.7 MiB/s',
    '\r\x1b[Kf  100%  4.0 MiB of 4.0 MiB, 6.7 MiB/s\n',
  ])
})

t.test('a failure says what to do, and a defect stays one', async (t) => {
  const failure = fileFailure(
    'write',
    '/mnt/f',
    Object.assign(new Error(), { code: 'EDQUOT' }),
    ' after 5 bytes',
  )
  t.equal(failure.message, 'cannot write /mnt/f: your quota of storage is used up (EDQUOT) after 5 bytes')
  t.match(failure.advice, 'quota -s')
  t.throws(() => fileFailure('read', 'f', new TypeError('a defect')), TypeError)
  t.throws(() => fileFailure('read', 'f', Object.assign(new TypeError(), { code: 'ERR_X' })), TypeError)
})
