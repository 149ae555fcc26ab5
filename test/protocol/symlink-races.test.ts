/** A program of the appliance puts a symbolic link to the outside where a directory was, again and again, under calls. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type Handle, statusOf } from '../fixtures/nfs-client.ts'
import { WallServer } from '../fixtures/wall-server.ts'

t.setTimeout(300_000)
const isRoot = process.getuid?.() === 0
const rounds = 600

/** Swaps DIRECTORY and a symbolic link to TARGET under one name until it is killed. */
const swapper = `
  const { renameSync, symlinkSync, unlinkSync } = require('node:fs')
  const [directory, target] = process.argv.slice(1)
  for (;;) {
    renameSync(directory, directory + '-held')
    symlinkSync(target, directory)
    unlinkSync(directory)
    renameSync(directory + '-held', directory)
  }`

t.test('symlink races', { skip: isRoot ? false : 'needs root to be somebody else' }, async (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'fsva-races-'))
  t.teardown(() => rmSync(scratch, { recursive: true, force: true }))
  const outside = join(scratch, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'secret', { mode: 0o600 })
  const server = await WallServer.start(scratch, { one: {} })
  t.teardown(() => server.close())
  const directory = join(server.path('one'), 'swap')
  mkdirSync(directory)
  const client = await server.client(0, 0)
  t.teardown(() => client.close())
  const root = await server.root('one')
  const racer = spawn(process.execPath, ['-e', swapper, directory, outside], { stdio: 'inherit' })
  t.teardown(() => racer.kill('SIGKILL'))

  const before = () => [readdirSync(outside), statSync(outside).mtimeMs, statSync(outside).mode]
  const untouched = before()
  const seen = new Map<string, number>()
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
  const attack = async (swapped: Handle, round: number) => {
    const name = `file-${round}`
    const found = await client.lookup(swapped, 'secret')
    count(`secret ${statusOf(found)}`)
    const made = await client.create(swapped, name)
    count(`create ${statusOf(made)}`)
    const moved = await client.rename(swapped, name, swapped, `${name}-moved`)
    count(`rename ${statusOf(moved)}`)
    count(`remove ${statusOf(await client.remove(swapped, `${name}-moved`))}`)
    count(`remove secret ${statusOf(await client.remove(swapped, 'secret'))}`)
    count(`mode ${statusOf(await client.setattr(swapped, { mode: 0o755 }))}`)
  }
  for (let round = 0; round < rounds; round++) {
    const looked = await client.lookup(root, 'swap')
    count(`lookup ${statusOf(looked)}`)
    if (looked.status === 0) await attack(looked.resok.object.data, round)
  }
  t.comment(Object.fromEntries(seen))
  t.equal(seen.get('secret NFS3_OK'), undefined, 'nothing outside is found')
  t.equal(seen.get('remove secret NFS3_OK'), undefined)
  t.ok((seen.get('create NFS3_OK') ?? 0) > 0, 'the directory was there')
  t.ok((seen.get('create NFS3ERR_NOTDIR') ?? 0) > 0, 'and so was the link')
  t.same(before(), untouched, 'nothing outside is changed')

  await t.test('who walks paths gets out: the race is one', async (t) => {
    let escaped = false
    for (const deadline = Date.now() + 60_000; !escaped && Date.now() < deadline; ) {
      try {
        escaped = readFileSync(join(directory, 'secret'), 'utf8') === 'secret'
      } catch {
        // The directory, or nothing, was there.
      }
    }
    t.ok(escaped)
  })
})
