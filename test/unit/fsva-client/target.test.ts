import t from 'tap'
import { mountSource, parseTarget } from '../../../fsva-client/target.ts'

const good: [text: string, server: string, path: string | undefined][] = [
  ['host:/srv', 'host', '/srv'],
  ['192.0.2.1:/', '192.0.2.1', '/'],
  ['[2001:db8::1]:/srv/a b', '2001:db8::1', '/srv/a b'],
  ['host:/a:b', 'host', '/a:b'],
  ['host', 'host', undefined],
  ['[::1]', '::1', undefined],
  ['::1', '::1', undefined],
]
for (const [text, server, path] of good) t.same(parseTarget(text), { server, path }, text)

const bad: [text: string, message: RegExp][] = [
  ['/srv', /the server is missing/],
  ['', /is not SERVER:\/export/],
  [':/srv', /is not SERVER:\/export/],
  ['host:srv', /must start with "\/"/],
  ['[host]:/srv', /only an IPv6 address stands in brackets/],
  ['2001:db8::1:/srv', /.+/],
]
for (const [text, message] of bad) {
  t.throws(() => parseTarget(text), { message, exitCode: 2 }, `refused: "${text}"`)
}

t.equal(mountSource('host', '/srv'), 'host:/srv')
t.equal(mountSource('::1', '/srv'), '[::1]:/srv')
