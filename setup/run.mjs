#!/usr/bin/env node
// What `npm start` and `npm test` run first, on a machine that may hold nothing but Debian, Node and Rust.
// It sets everything up and then hands over to the Node that the project chose (a dev dependency), so this one
// file is plain JavaScript without dependencies that any Node from 18 on can run.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'node_modules', '.bin')
const environment = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
const logs = join(root, '.cache', 'setup')
/** For apt-get. */
const quiet = { DEBIAN_FRONTEND: 'noninteractive' }

const jobs = {
  setup: undefined,
  start: ['test/vm/demo.ts'],
  test: ['test/run.ts'],
  soak: ['test/soak/main.ts'],
  bench: ['bench/main.ts'],
  'bench side-channel': ['bench/side-channel/main.ts'],
  'bench growth': ['bench/growth/main.ts'],
  'bench workers': ['bench/workers.ts'],
  'bench budget': ['bench/budget/main.ts'],
  'bench profile': ['bench/profile/main.ts'],
  'bench coherence': ['test/vm/coherence-figures.ts'],
  'bench macro': ['bench/macro/main.ts'],
}

const [first = 'setup', second, ...others] = process.argv.slice(2)
// What is measured is a word of its own: npm run bench -- side-channel.
const isOfTwoWords = `${first} ${second}` in jobs
const job = isOfTwoWords ? `${first} ${second}` : first
const jobArguments = isOfTwoWords || second === undefined ? others : [second, ...others]
if (!(job in jobs)) fail(`unknown job '${job}': one of ${Object.keys(jobs).join(', ')}`)

// Who only asks need not wait, except for the Node that answers.
const isQuestion = jobArguments.some((word) => word === '--help' || word === '-h') && existsSync(bin)
if (!isQuestion) setUp()

const script = jobs[job]
if (script !== undefined) {
  const { status, signal } = spawnSync(join(bin, 'node'), [...script, ...jobArguments], {
    cwd: root,
    env: environment,
    stdio: 'inherit',
  })
  process.exit(status ?? (signal ? 1 : 0))
}

function setUp() {
  mkdirSync(logs, { recursive: true })
  step('Debian packages', debianPackages)
  step('npm packages', npmPackages)
  step('native addon', nativeAddon)
  // The tests run every benchmark shortly.
  if (job === 'test' || job.startsWith('bench')) step('load generators', loadGenerators)
  if (job === 'bench') step('NFS-Ganesha', peerPackages)
}

/** Installs what the tests and the VMs need from Debian. */
function debianPackages() {
  const missing = missingPackages('apt-packages.txt')
  if (missing.length === 0) return 'all there'
  if (process.getuid() !== 0) {
    const command = ['apt-get', ...installWords(missing)].join(' ')
    fail(`these Debian packages are missing; run\n\n    sudo ${command}\n\nand try again`)
  }
  run('apt-update', 'apt-get', ['update'], quiet)
  run('apt-install', 'apt-get', installWords(missing), quiet)
  return `installed ${missing.join(' ')}`
}

/** The server that the benchmark compares with. Without it there is still something to measure, so nothing here fails. */
function peerPackages() {
  const missing = missingPackages('apt-packages-bench.txt')
  if (missing.length === 0) return 'all there'
  const command = `apt-get ${installWords(missing).join(' ')}`
  const leftOut = (why) => `left out: ${why}; to have it: sudo ${command}`
  if (process.getuid() !== 0) return leftOut('installing it takes root')
  const commands = [['update'], installWords(missing)]
  const failed = commands.find((words) => attempt('apt-peer', 'apt-get', words, quiet).status !== 0)
  if (failed) return leftOut(`\`apt-get ${failed.join(' ')}\` failed, see ${join(logs, 'apt-peer.log')}`)
  // The package starts it at once and after every boot; the benchmark starts its own.
  if (existsSync('/run/systemd/system')) spawnSync('systemctl', ['disable', '--now', 'nfs-ganesha'])
  return `installed ${missing.join(' ')}`
}

/** Of those that a file in setup/ lists. No marker is kept, since dpkg answers at once. */
function missingPackages(file) {
  const wanted = readFileSync(join(root, 'setup', file), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format language.
  const query = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Abbrev} ${Package}\n', ...wanted], {
    encoding: 'utf8',
  })
  if (query.error) fail('dpkg-query not found: the tests boot Debian kernels and need a Debian machine')
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.startsWith('ii '))
      .map((line) => line.split(/\s+/)[1]),
  )
  return wanted.filter((name) => !installed.has(name))
}

function installWords(packages) {
  return ['install', '-y', '--no-install-recommends', ...packages]
}

function npmPackages() {
  const marker = join(root, 'node_modules', '.fsva-lock')
  const wanted = createHash('sha256')
  for (const file of ['package-lock.json', '.taprc']) wanted.update(readFileSync(join(root, file)))
  const lock = wanted.digest('hex')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) return 'up to date'
  // Not `npm ci`: it wants every platform's optional packages in the lock, and a mirror need not carry them all.
  run('npm-install', 'npm', ['install', '--no-save', '--no-audit', '--no-fund'])
  // Makes tap do without the plugin that .taprc takes away.
  run('tap-build', 'tap', ['build'])
  writeFileSync(marker, lock)
  return 'installed'
}

function nativeAddon() {
  if (spawnSync('cargo', ['--version']).error) {
    fail('cargo not found: install Rust (https://rustup.rs, or: apt-get install cargo) and try again')
  }
  run('native-build', 'npm', ['run', 'build', '-w', 'native'])
  return 'built'
}

function loadGenerators() {
  const release = ['build', '--release', '--manifest-path']
  run('load-build', 'cargo', [...release, 'bench/load/Cargo.toml'])
  const measure = ['-p', 'fsva-agent', '--example', 'measure']
  run('measure-build', 'cargo', [...release, 'native/Cargo.toml', ...measure])
  return 'built'
}

function step(name, action) {
  process.stdout.write(`setup: ${name} ... `)
  const started = Date.now()
  const outcome = action()
  process.stdout.write(`${outcome} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`)
}

/** Runs a command with its output in a log file. */
function attempt(name, command, args, extra) {
  const out = openSync(join(logs, `${name}.log`), 'w')
  return spawnSync(command, args, {
    cwd: root,
    env: { ...environment, ...extra },
    stdio: ['ignore', out, out],
  })
}

/** The same; ends with the log's end if it fails. */
function run(name, command, args, extra = {}) {
  const { status, error } = attempt(name, command, args, extra)
  if (status === 0) return
  const log = join(logs, `${name}.log`)
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  const errors = lines.filter((line) => /error/i.test(line)).slice(0, 10)
  const shown = [...new Set([...errors, ...lines.slice(-20)])].join('\n')
  const reason = error ? `: ${error.message}` : ''
  fail(`\`${command} ${args.join(' ')}\` failed${reason}; from ${log}:\n${shown}`)
}

function fail(message) {
  process.stderr.write(`\nsetup: ${message}\n`)
  process.exit(1)
}
