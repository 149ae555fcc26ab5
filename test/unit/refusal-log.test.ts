import { Writable } from 'node:stream'
import pino from 'pino'
import t from 'tap'
import { quoted, RefusalLog } from '../../nfs-server/refusal-log.ts'

function recording() {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()))
      done()
    },
  })
  const log = new RefusalLog(pino({ base: null, timestamp: false }, stream))
  return { log, lines }
}

const refusal = { client: '192.0.2.7', export: '/srv/data', reason: 'the export is read-only' }

t.test('the first time at once, then a count', async (t) => {
  const { log, lines } = recording()
  t.teardown(() => log.close())
  for (let i = 0; i < 1000; i++) log.report(refusal)
  const first = {
    level: 40,
    ...refusal,
    msg: 'client 192.0.2.7 was refused on "/srv/data": the export is read-only',
  }
  t.same(lines, [first])
  log.summarize()
  t.same(lines.slice(1), [{ ...first, repeated: 999, msg: `${first.msg} (999 times more)` }])
  log.summarize()
  log.report(refusal)
  t.equal(lines.length, 3, 'forgotten when it has stopped')
})

t.test('another client, export or reason is another refusal', async (t) => {
  const { log, lines } = recording()
  t.teardown(() => log.close())
  log.report(refusal)
  log.report({ ...refusal, client: '192.0.2.8' })
  log.report({ ...refusal, export: undefined })
  log.report({ ...refusal, reason: 'mounting "/a": not exported' }, 'not exported')
  log.report({ ...refusal, reason: 'mounting "/b": not exported' }, 'not exported')
  t.equal(lines.length, 4)
})

t.test('any number of clients fills neither the log nor the memory', async (t) => {
  const { log, lines } = recording()
  t.teardown(() => log.close())
  for (let i = 0; i < 5000; i++) log.report({ ...refusal, client: `2001:db8::${i.toString(16)}` })
  t.equal(lines.length, 1000)
  log.summarize()
  t.equal(lines.length, 1001)
  t.match(lines[1000], { repeated: 4000, msg: '4000 calls of other clients were refused' })
  log.report({ ...refusal, client: '2001:db8::ffff' })
  t.equal(lines.length, 1002, 'there is room again')
})

t.test('names of others are quoted, on one line, and mean nothing to a terminal', async (t) => {
  const hostile = 'a\n{"level":60}\r\u001b[31m\u009b2J\u202e\u2028"\\'
  const text = quoted(hostile)
  const strange = [...text].filter((character) => character < ' ' || character > '~')
  t.same(strange, [], 'what is shown')
  t.equal(JSON.parse(text), hostile)
  t.equal(quoted(Buffer.from([0xff, 0x9b, 0x41])), JSON.stringify('\ufffd\ufffdA'))
})
