import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseCommandLine } from '../../../nfs-server/command-line.ts'
import { buildSettings } from '../../../nfs-server/config/build-settings.ts'
import { parseConfig } from '../../../nfs-server/config/load-config.ts'
import { defaultStateDirectory } from '../../../nfs-server/config/settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'fsva-settings-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const a = join(directory, 'a')
const b = join(directory, 'b')
for (const path of [a, b]) mkdirSync(path)

function build(...args: string[]) {
  return buildSettings(parseCommandLine(args, '1').settings, {}, 0)
}

t.test('defaults', async (t) => {
  t.match(build('--export', a).settings, {
    exports: [{ path: a, clients: ['*'], readOnly: false, squash: 'root_squash', secure: true, sync: true }],
    listen: ['127.0.0.1'],
    port: 2049,
    mountPort: 20048,
    rpcbind: 'auto',
    stateDirectory: '/var/lib/fsva',
    limits: {},
  })
})

t.test('the command line', async (t) => {
  const { settings, warnings } = build(
    ...['--export', a, '--export', b, '--client', '10.0.0.0/8', '--client', 'h', '--read-only', '--insecure'],
    ...['--all-squash', '--anonuid', '5', '--anongid', '6', '--async', '--port', '0', '--mount-port', '7'],
    ...['--no-rpcbind', '--state-dir', directory, '--listen', '::1', '--listen', '127.0.0.2'],
    ...['--log-level', 'warn', '--log-format', 'json', '--metrics-port', '0'],
  )
  const shared = {
    clients: ['10.0.0.0/8', 'h'],
    readOnly: true,
    squash: 'all_squash',
    anonuid: 5,
    anongid: 6,
    secure: false,
    sync: false,
  }
  t.match(settings, {
    exports: [
      { path: a, ...shared },
      { path: b, ...shared },
    ],
    listen: ['::1', '127.0.0.2'],
    port: 0,
    mountPort: 7,
    rpcbind: 'off',
    stateDirectory: directory,
    log: { level: 'warn', format: 'json' },
    metrics: { listen: '127.0.0.1', port: 0 },
  })
  t.match(warnings, [/async/, /async/], 'one warning per export')
  t.equal(build('--export', a, '--no-root-squash').settings.exports[0]!.squash, 'no_root_squash')
  t.equal(build('--export', a, '--rpcbind', 'serve').settings.rpcbind, 'serve')
})

t.test('the command line wins over the file, and exports add up', async (t) => {
  const file = join(directory, 'c.yaml')
  writeFileSync(
    file,
    `exports: [{ path: ${a}, read_only: true }]\nport: 1\nmount_port: 2\nlog: { level: debug, format: json }\n` +
      'limits: { calls_max: 9, idle_timeout_ms: 5000 }\n',
  )
  const { settings } = build('--config', file, '--export', b, '--port', '3', '--log-level', 'error')
  t.match(settings, { port: 3, mountPort: 2, log: { level: 'error', format: 'json' } })
  t.same(settings.limits, { callsMax: 9, idleTimeoutMs: 5000 }, 'no limit that was not given')
  t.match(settings.exports, [
    { path: a, readOnly: true },
    { path: b, readOnly: false },
  ])
})

t.test('what cannot be', async (t) => {
  t.throws(() => build(), { message: /nothing to export: give --export DIR or --config FILE/ })
  t.throws(() => build('--insecure'), { message: /--insecure is for the directories given with --export/ })
  t.throws(() => build('--export', a, '--port', '5', '--mount-port', '5'), { message: /cannot share port 5/ })
  const listening =
    (...addresses: string[]) =>
    () =>
      build('--export', a, ...addresses.flatMap((address) => ['--listen', address]))
  t.throws(listening('::1', '::1'), { message: /listen has ::1 twice/ })
  t.throws(listening('::', '127.0.0.1'), { message: /every address, IPv4 too: leave the others out/ })
  t.throws(listening('0.0.0.0', '127.0.0.1'), { message: /every IPv4 address: leave the other IPv4/ })
  t.same(listening('0.0.0.0', '::1')().settings.listen, ['0.0.0.0', '::1'])
  t.throws(() => build('--export', a, '--all-squash', '--no-root-squash'), { message: /contradict/ })
  t.throws(() => build('--export', join(directory, 'none')), { message: /none" does not exist/ })
  t.equal(build('--export', a, '--port', '0', '--mount-port', '0').settings.port, 0, '0 twice is two ports')
})

t.test('a wrong export in a file is shown in its place', async (t) => {
  const file = join(directory, 'd.yaml')
  writeFileSync(file, `exports:\n  - path: ${a}\n  - path: ${directory}/none\n`)
  t.throws(() => build('--config', file), {
    message: new RegExp(
      `^${file}:3:11: exports\\[1\\]\\.path: "${directory}/none" does not exist\n    3 \\|`,
    ),
  })
})

t.test('state directory', async (t) => {
  t.equal(defaultStateDirectory({ STATE_DIRECTORY: '/var/lib/fsva-2' }, 0), '/var/lib/fsva-2')
  t.equal(defaultStateDirectory({ HOME: '/home/u' }, 1000), '/home/u/.local/state/fsva')
  t.equal(defaultStateDirectory({ HOME: '/home/u', XDG_STATE_HOME: '/s' }, 1000), '/s/fsva')
})

t.test('the example config is valid, with its comments and without', async (t) => {
  const text = readFileSync(new URL('../../../nfs-server/fsva-nfsd.example.yaml', import.meta.url), 'utf8')
  t.equal(parseConfig(text, 'example').config.exports.length, 2)
  const uncommented = text.replace(/^( *)# ( *[a-z_]+:)/gm, '$1$2')
  t.not(uncommented, text)
  const { config } = parseConfig(uncommented, 'example')
  t.match(config, { limits: { connections_max: 1024 }, metrics: { port: 9049 }, drain_seconds_max: 10 })
  t.match(config.exports[0], { read_only: false, sync: true, secure: true, squash: 'root_squash' })
})
