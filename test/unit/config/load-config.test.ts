import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError } from '../../../nfs-server/config/config-error.ts'
import { loadConfig, parseConfig } from '../../../nfs-server/config/load-config.ts'

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'f.yaml')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
  }
  return []
}

t.test('a config with every key', async (t) => {
  const text = `
exports:
  - path: /srv/data
    clients: [192.0.2.0/24, host.example.org]
    read_only: true
    squash: all_squash
    anonuid: 1000
    anongid: 1001
    secure: false
    fsid: 7
    sync: false
listen: [0.0.0.0, "::1"]
port: 0
mount_port: 20049
rpcbind: off
state_directory: /var/lib/x
limits: { connections_max: 5, calls_per_connection_max: 6, record_bytes_max: 2097152 }
log: { level: debug, format: json }
metrics: { listen: 127.0.0.1, port: 9049 }
drain_seconds_max: 3
`
  const { config } = parseConfig(text, 'f.yaml')
  t.match(config.exports[0], { path: '/srv/data', squash: 'all_squash', fsid: 7, secure: false })
  t.match(config, { rpcbind: 'off', port: 0, metrics: { port: 9049 }, drain_seconds_max: 3 })
})

t.test('the smallest config', async (t) => {
  t.same(parseConfig('exports: [{ path: /srv }]', 'f.yaml').config, { exports: [{ path: '/srv' }] })
})

const cases: [name: string, text: string, expected: (string | RegExp)[]][] = [
  [
    'unknown keys, with what they may have meant',
    'exports:\n  - path: /a\n    read-only: true\n    insecure: true\nlsten: []\nzebra: 1\n',
    [
      '3:5 exports[0].read-only: unknown key; did you mean read_only?',
      '4:5 exports[0].insecure: unknown key; write "secure: false"',
      '5:1 lsten: unknown key; did you mean listen?',
      /^6:1 zebra: unknown key; the keys here are exports, listen, port, /,
    ],
  ],
  [
    'a value that is none of those allowed',
    'exports:\n  - path: /a\n    squash: rootsquash\n',
    [
      '3:13 exports[0].squash must be one of root_squash, no_root_squash, all_squash, not "rootsquash"; ' +
        'did you mean root_squash?',
    ],
  ],
  [
    'numbers out of range or no numbers',
    'exports: [{ path: /a, fsid: 0, anonuid: -1 }]\nport: 70000\nmount_port: "2049"\ndrain_seconds_max: 1.5\n',
    [
      '1:29 exports[0].fsid must be a whole number from 1 to 4294967295, not 0',
      '1:41 exports[0].anonuid must be a whole number from 0 to 4294967294, not -1',
      '2:7 port must be a whole number from 0 to 65535, not 70000',
      '3:13 mount_port must be a whole number from 0 to 65535, not "2049"',
      '4:20 drain_seconds_max must be a whole number from 0 to 3600, not 1.5',
    ],
  ],
  [
    'something missing',
    'exports:\n  - clients: ["*"]\n',
    ['2:5 exports[0].path is missing: it must be an absolute path, starting with "/"'],
  ],
  [
    'the wrong kind of value',
    'exports:\n  - /srv\nlisten: 127.0.0.1\nmetrics: 9049\n',
    [
      '2:5 exports[0] must be a mapping with at least "path", not "/srv"',
      '3:9 listen must be a list of IP addresses, such as [127.0.0.1], not "127.0.0.1"',
      '4:10 metrics must be a mapping, not 9049',
    ],
  ],
  [
    'clients that are none',
    'exports:\n  - path: /a\n    clients: []\n  - path: /b\n    clients: [10.0.0.0/40]\n',
    [
      `3:14 exports[0].clients must name somebody; everybody is ['*'], not an empty list`,
      `5:15 exports[1].clients[0]: "10.0.0.0/40": the part after '/' must be a number from 0 to 32`,
    ],
  ],
  [
    'a relative path',
    'exports: [{ path: srv }]',
    [/^1:19 exports\[0\].path must be an absolute path.*not "srv"$/],
  ],
  ['a key given twice', 'port: 1\nport: 2\n', [/^2:1 YAML: Map keys must be unique/]],
  ['broken YAML', 'exports: [', [/YAML: /]],
  ['an alias', 'exports: [{ path: &a /srv }]\nstate_directory: *a\n', [/^1:1 uses a YAML alias/]],
  ['nothing at all', '', [/exports is missing: it must be a list of exports/]],
  ['a list', '- 1\n', ['1:1 the config must be a mapping with at least "exports", not a list']],
]
for (const [name, text, expected] of cases) {
  t.test(name, async (t) => {
    const problems = problemsOf(text)
    t.equal(problems.length, expected.length, problems.join('\n'))
    expected.forEach((wanted, index) => {
      if (typeof wanted === 'string') t.equal(problems[index], wanted)
      else t.match(problems[index], wanted)
    })
  })
}

t.test('the message shows file, line and the place in it', async (t) => {
  t.throws(() => parseConfig('exports:\n  - path: srv\n', 'my.yaml'), {
    message: [
      'my.yaml:2:11: exports[0].path must be an absolute path, starting with "/", not "srv"',
      '    2 |   - path: srv',
      '      |           ^',
    ].join('\n'),
  })
})

t.test('files', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-config-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'c.yaml')
  t.throws(() => loadConfig(file), { message: `${file}: cannot read the config: no such file` })
  writeFileSync(file, `# ${'x'.repeat(2 * 1024 * 1024)}`)
  t.throws(() => loadConfig(file), { message: /over 1 MiB/ })
  writeFileSync(file, 'exports: [{ path: /srv }]')
  t.equal(loadConfig(file).config.exports.length, 1)
})
