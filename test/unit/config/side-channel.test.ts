import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseCommandLine } from '../../../nfs-server/command-line.ts'
import { buildSettings } from '../../../nfs-server/config/build-settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-side-channel-config-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const root = join(directory, 'root')
const device = join(directory, 'memory')
mkdirSync(root)
writeFileSync(device, '')
truncateSync(device, 64 << 20)

function build(section: string, ...args: string[]) {
  const config = join(directory, 'config.yaml')
  writeFileSync(
    config,
    `exports: [{ path: ${root}, side_channel: false, mapped_stores: false }]\n${section}\n`,
  )
  return buildSettings(parseCommandLine(['--config', config, ...args], '1').settings, {}, 0).settings
}

t.test('without the section there is no side channel', async (t) => {
  t.equal(build('').sideChannel, undefined)
})

t.test('everything given', async (t) => {
  const settings = build(`
side_channel:
  socket: /run/fsva/nfsd.sock
  listen: [10.0.0.1]
  port: 2051
  devices:
    - { path: ${device}, offset: 2097152, bytes: 8388608, client: "::ffff:10.0.0.2" }
    - { path: ${device}, offset: 10485760, client: "FD00:0::1" }
  memory_bytes_max: 16777216
  spin_us: 0
  sessions_max: 3`)
  t.same(settings.sideChannel, {
    socket: '/run/fsva/nfsd.sock',
    listen: ['10.0.0.1'],
    port: 2051,
    devices: [
      { path: device, offset: 2 << 20, bytes: 8 << 20, client: '10.0.0.2' },
      { path: device, offset: 10 << 20, bytes: undefined, client: 'fd00::1' },
    ],
    bytesMax: 16 << 20,
    spinUs: 0,
    sessionsMax: 3,
  })
  t.match(settings.exports[0], { sideChannel: false, mappedStores: false })
})

t.test('the command line gives the socket', async (t) => {
  t.equal(build('', '--side-channel', '/run/a.sock').sideChannel?.socket, '/run/a.sock')
  const both = build('side_channel: { socket: /run/b.sock, spin_us: 7 }', '--side-channel', '/run/a.sock')
  t.match(both.sideChannel, { socket: '/run/a.sock', spinUs: 7 })
})

t.test('what cannot be is said, and where', async (t) => {
  const there = `listen: [10.0.0.1]`
  const one = `{ path: ${device}, bytes: 8388608, client: 10.0.0.2 }`
  const cases: readonly (readonly [section: string, message: RegExp])[] = [
    ['side_channel: {}', /side_channel: nobody can use it: add "socket"/],
    ['side_channel: { sokcet: /run/a.sock }', /side_channel\.sokcet: unknown key; did you mean socket\?/],
    ['side_channel: { socket: run/a.sock }', /side_channel\.socket must be an absolute path/],
    [`side_channel: { socket: /${'x'.repeat(107)} }`, /must not be longer than 107 bytes/],
    [`side_channel: { ${there} }`, /side_channel\.listen: clients on other machines need memory/],
    [`side_channel: { socket: /a, devices: [${one}] }`, /side_channel\.devices: .*add "listen"/],
    [
      `side_channel: { ${there}, devices: [${one}], port: 2049 }`,
      /side_channel\.port: 2049 is the port of NFS/,
    ],
    [`side_channel: { ${there}, devices: [{ path: ${device} }] }`, /devices\[0\]\.client is missing/],
    [
      `side_channel: { ${there}, devices: [{ path: ${device}, client: host }] }`,
      /devices\[0\]\.client must be the IP address/,
    ],
    [
      `side_channel: { ${there}, devices: [{ path: ${device}, offset: 4096, client: 10.0.0.2 }] }`,
      /devices\[0\]\.offset must be a multiple of 2 MiB/,
    ],
    [
      `side_channel: { ${there}, devices: [${one}, ${one}] }`,
      /devices\[1\]\.client: 10\.0\.0\.2 has side_channel\.devices\[0\] already/,
    ],
    [
      `side_channel: { ${there}, devices: [${one}, { path: ${device}, offset: 6291456, client: 10.0.0.3 }] }`,
      /devices\[1\]\.path: the same memory is a part of side_channel\.devices\[0\]/,
    ],
    [
      `side_channel: { ${there}, devices: [{ path: ${directory}, client: 10.0.0.2 }] }`,
      /devices\[0\]\.path: .* is no device/,
    ],
    [
      `side_channel: { ${there}, devices: [{ path: /dev/dax77.0, client: 10.0.0.2 }] }`,
      /devices\[0\]\.path: "\/dev\/dax77\.0" does not exist/,
    ],
    [
      'side_channel: { socket: /a, memory_bytes_max: 3000000 }',
      /memory_bytes_max must be a multiple of 2 MiB/,
    ],
    ['side_channel: { socket: /a, sessions_max: 0 }', /sessions_max must be a whole number from 1 to 1024/],
  ]
  for (const [section, message] of cases) t.throws(() => build(section), { message }, section)
  const apart = `{ path: ${device}, offset: 8388608, client: 10.0.0.3 }`
  t.equal(build(`side_channel: { ${there}, devices: [${one}, ${apart}] }`).sideChannel?.devices?.length, 2)
})
