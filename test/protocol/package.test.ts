/** What npm would publish: JavaScript only, installed below node_modules, where Node strips no types. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { clientParts, installPackages } from '../fixtures/installed-packages.ts'

// Many processes, each of which takes its time on a busy machine.
t.setTimeout(120_000)

const directory = mkdtempSync(join(tmpdir(), 'fsva-package-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const modules = join(directory, 'node_modules')

function run(file: string, ...args: string[]) {
  const result = spawnSync(process.execPath, [join(modules, '@fsva', file), ...args], { encoding: 'utf8' })
  return { code: result.status, output: result.stdout + result.stderr }
}

installPackages(modules)

t.test('the daemon', async (t) => {
  const bin = 'nfs-server/nfs-server/bin/fsva-nfsd.js'
  t.match(run(bin, '--version'), { code: 0, output: /^\d+\.\d+\.\d+\n$/ })
  t.match(run(bin, '--export', directory, '--check-config'), { code: 0, output: /the configuration is good/ })
})

t.test('the client', async (t) => {
  t.match(run('client/fsva-client/bin/fsva-client.js', '--version'), { code: 0, output: /^\d+\.\d+\.\d+\n$/ })
  t.match(run('client/fsva-client/bin/fsva-client.js', 'mount', 'x'), { code: 2 })
})

t.test('the agent', async (t) => {
  // With the addon, and whatever else it loads, from where only the client's own parts are.
  const alone = join(directory, 'alone')
  for (const part of clientParts(modules)) {
    mkdirSync(dirname(join(alone, 'node_modules', part)), { recursive: true })
    cpSync(join(modules, part), join(alone, 'node_modules', part), { recursive: true, dereference: true })
  }
  const bin = join(alone, 'node_modules/@fsva/client/fsva-client/bin/fsva-client.js')
  const agent = spawnSync(process.execPath, [bin, 'agent', alone, '--socket', 'none'], { encoding: 'utf8' })
  t.match(agent, { status: 8, stderr: /is not an NFS mount/ })
  t.ok(existsSync(join(alone, 'node_modules/@fsva/client/fsva-client/systemd/fsva-agent@.service')))
})

t.test('the library', async (t) => {
  const program = `
    import { createServer } from '@fsva/nfs-server'
    import { MemoryVfs } from '@fsva/nfs-server/vfs/memory-vfs'
    const server = createServer({
      exports: [{ path: '/m' }], vfs: new MemoryVfs(), port: 0, mountPort: 0, rpcbind: 'off',
      stateDir: ${JSON.stringify(join(directory, 'state'))},
    })
    console.log((await server.start()).rpcbind)
    await server.close()`
  const args = ['--input-type=module', '-e', program]
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: directory, timeout: 120_000 })
  t.match(result, { status: 0, stdout: 'none\n' }, result.stderr)
})

t.test('workers', async (t) => {
  const exported = join(directory, 'exported')
  mkdirSync(exported)
  const program = `
    import { createServer } from '@fsva/nfs-server'
    const server = createServer({
      exports: [{ path: ${JSON.stringify(exported)} }], workers: 2, port: 0, mountPort: 0, rpcbind: 'off',
      stateDir: ${JSON.stringify(join(directory, 'state-of-workers'))},
    })
    await server.start()
    const loops = (await server.metrics.text()).match(/^fsva_worker_connections/gm)
    await server.close()
    console.log(loops?.length)`
  const args = ['--input-type=module', '-e', program]
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: directory, timeout: 120_000 })
  t.match(result, { status: 0, stdout: '2\n' }, result.stderr)
})

t.test('no sources', async (t) => {
  const files = readdirSync(join(modules, '@fsva/nfs-server'), { recursive: true, encoding: 'utf8' })
  const own = files.filter((file) => !file.startsWith('node_modules'))
  t.same(
    own.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts')),
    [],
  )
  for (const wanted of ['LICENSE', 'docs/library.md', 'nfs-server/systemd/fsva-nfsd.service']) {
    t.ok(own.includes(wanted), wanted)
  }
})
