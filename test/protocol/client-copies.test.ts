/** `fsva-client cat` and `cp`, through an agent and without one. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { AgentForCopies } from '../../fsva-client/copy/agent-for-copies.ts'
import { startPlainAgent } from '../fixtures/plain-agent.ts'
import { clientProgram, runClient } from './client-process.ts'

t.setTimeout(300_000)

interface Scene {
  readonly directory: string
  readonly socket: string
  path(name: string): string
  tell(line: string): Promise<string>
}

async function scene(t: Test): Promise<Scene> {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-copies-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const agent = await startPlainAgent(join(directory, 'agent', 'agent.sock'))
  t.teardown(() => agent.stop())
  mkdirSync(join(directory, 'work'))
  return {
    directory: join(directory, 'work'),
    socket: agent.socket,
    path: (name) => join(directory, 'work', name),
    tell: (line) => agent.tell(line),
  }
}

/** More than the memory of a connection, and not a multiple of anything. */
const big = randomBytes(9_437_187)

t.test('cat writes the bytes of every file, by the agent', async (t) => {
  const { path, socket, tell } = await scene(t)
  writeFileSync(path('one'), big)
  writeFileSync(path('empty'), '')
  writeFileSync(path('two'), 'second\n')
  const child = spawn(process.execPath, [
    clientProgram,
    ...['cat', '--agent', socket, path('one'), path('empty'), path('missing'), path('two')],
  ])
  const out: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = await once(child, 'close')
  t.ok(Buffer.concat([big, Buffer.from('second\n')]).equals(Buffer.concat(out)), 'the same bytes')
  t.equal(code, 1)
  t.match(said, /^fsva-client: cannot read .*missing: no such file or directory \(ENOENT\)\n/)
  t.equal(await tell('figures'), `${big.length + 7} 0`, 'and nothing by the kernel')
})

t.test('an agent’s file is read into its memory, whatever went by the kernel before', async (t) => {
  const { path, socket } = await scene(t)
  writeFileSync(path('file'), 'of the server')
  const agent = new AgentForCopies({ socket, note: () => {} })
  t.teardown(() => agent.close())
  const [own] = agent.places
  const kernel = await open(path('file'))
  t.teardown(() => kernel.close())
  await agent.file(kernel, path('file'))
  t.not(agent.places[0], own, 'as cat asks for it between two files')
})

t.test('cat without an agent says so, and reads all the same', async (t) => {
  const { path, directory } = await scene(t)
  writeFileSync(path('file'), 'text\n')
  const nobody = join(directory, 'nobody.sock')
  t.match(await runClient(['cat', '--agent', nobody, path('file')]), {
    code: 0,
    stdout: 'text\n',
    stderr: `fsva-client: ${path('file')}: by the kernel alone: no agent runs at ${nobody}\n`,
  })
  t.match(await runClient(['cat', '--no-agent', path('file')]), { code: 0, stdout: 'text\n', stderr: '' })
})

t.test('cat to a reader that has had enough, and to a full device', async (t) => {
  const { path, socket } = await scene(t)
  writeFileSync(path('big'), big)
  const shell = (script: string) => runClient(['cat', '--agent', socket, path('big')], ['sh', '-c', script])
  t.match(await shell('"$0" "$@" | head -c 3 | wc -c'), { code: 0, stdout: '3\n', stderr: '' })
  t.match(await shell('"$0" "$@" > /dev/full'), { code: 1, stderr: /cannot write stdout: no space/ })
})

t.test('cp copies by the agent, whole, with the permissions of what it replaces', async (t) => {
  const { path, socket, tell, directory } = await scene(t)
  const cp = (...files: string[]) => runClient(['cp', '--agent', socket, ...files])
  writeFileSync(path('source'), big)
  chmodSync(path('source'), 0o640)
  t.match(await cp(path('source'), path('new')), { code: 0, stdout: '', stderr: '' })
  t.ok(readFileSync(path('new')).equals(big))
  t.equal(statSync(path('new')).mode & 0o777, 0o640)
  t.equal(await tell('figures'), `${big.length} ${big.length}`)

  writeFileSync(path('old'), 'old bytes')
  chmodSync(path('old'), 0o604)
  linkSync(path('old'), path('other name'))
  symlinkSync('old', path('link'))
  t.match(await cp(path('source'), path('link')), { code: 0 })
  t.ok(readFileSync(path('old')).equals(big), 'what the link leads to')
  t.equal(statSync(path('old')).mode & 0o777, 0o604)
  t.equal(readFileSync(path('other name'), 'utf8'), 'old bytes', 'a new file: other names keep the old one')

  mkdirSync(path('into'))
  t.match(await cp(path('source'), path('into')), { code: 0 })
  t.ok(readFileSync(path('into/source')).equals(big))
  t.match(await cp(path('new'), path('empty')), { code: 0 })
  writeFileSync(path('nothing'), '')
  t.match(await cp(path('nothing'), path('empty')), { code: 0 })
  t.equal(statSync(path('empty')).size, 0)
  t.same(temporaries(directory), [])
})

t.test('cp leaves the target as it was if it fails', async (t) => {
  const { path, socket, tell, directory } = await scene(t)
  const cp = (...files: string[]) => runClient(['cp', '--agent', socket, ...files])
  writeFileSync(path('source'), big)
  writeFileSync(path('target'), 'old')
  await tell('space 2500000')
  const full = await cp(path('source'), path('target'))
  t.equal(full.code, 1)
  t.match(
    full.stderr,
    /cannot write \S*target: no space is left in the file system \(ENOSPC\) after 2097152 of 9437187 bytes; \S*target is as it was\n {2}-> make room/,
  )
  t.equal(readFileSync(path('target'), 'utf8'), 'old')
  t.match((await cp(path('source'), path('none'))).stderr, /there is no \S*none\n/)
  t.notOk(existsSync(path('none')))
  t.same(temporaries(directory), [])
  await tell('space 100000000')
  t.match(await cp(path('source'), path('target')), { code: 0 })

  t.match(await cp(directory, path('x')), { code: 1, stderr: /it is a directory \(EISDIR\)/ })
  t.match(await cp(path('source'), path('source')), { code: 2, stderr: /are the same file/ })
  t.match(await cp(path('source'), path('no/such')), { code: 1, stderr: /ENOENT/ })
  t.match(await cp(path('source'), '/dev/null'), { code: 1, stderr: /no regular file/ })
})

t.test('cp begins anew if the server was started anew', async (t) => {
  const { path, socket, tell } = await scene(t)
  writeFileSync(path('source'), big)
  await tell('restarted')
  t.match(await runClient(['cp', '--agent', socket, path('source'), path('target')]), { code: 0, stderr: '' })
  t.ok(readFileSync(path('target')).equals(big))
  t.equal(await tell('figures'), `${2 * big.length} ${2 * big.length}`, 'everything twice')
})

t.test('cp goes on by the kernel if the agent goes', async (t) => {
  const { path, socket, tell, directory } = await scene(t)
  writeFileSync(path('source'), big)
  await tell('close')
  const running = runClient(['cp', '--agent', socket, path('source'), path('target')])
  // It waits for its first read.
  while (temporaries(directory).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  await tell('leave')
  await tell('open')
  const ended = await running
  t.equal(ended.code, 0)
  t.match(ended.stderr, /source: by the kernel alone from here on: the agent has gone/)
  t.match(ended.stderr, /target: by the kernel alone/)
  t.ok(readFileSync(path('target')).equals(big))
  t.same(temporaries(directory), [])
})

t.test('cp that is interrupted leaves nothing behind', async (t) => {
  const { path, socket, tell, directory } = await scene(t)
  writeFileSync(path('source'), big)
  writeFileSync(path('target'), 'old')
  await tell('close')
  const args = [clientProgram, 'cp', '--agent', socket, path('source'), path('target')]
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  while (temporaries(directory).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  child.kill('SIGINT')
  const [code] = await once(child, 'close')
  t.equal(code, 130)
  t.same(temporaries(directory), [])
  t.equal(readFileSync(path('target'), 'utf8'), 'old')
  await tell('open')
})

t.test('cp says how far it is if it is asked to', async (t) => {
  const { path, socket } = await scene(t)
  writeFileSync(path('source'), big)
  const run = (...more: string[]) =>
    runClient(['cp', '--agent', socket, ...more, path('source'), path('target')])
  t.match((await run('--progress')).stderr, /source {2}100% {2}9\.0 MiB of 9\.0 MiB.*\n$/)
  t.equal((await run()).stderr, '', 'and not to what is no terminal')
})

function temporaries(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => name.startsWith('.fsva-cp-'))
}
