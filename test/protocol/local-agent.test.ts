/** Programs and the agent of their machine: the TypeScript side. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { AgentConnection, AgentError, agentSockets, errnoName } from '../../fsva-client/local-agent.ts'
import { startPlainAgent } from '../fixtures/plain-agent.ts'

t.setTimeout(240_000)

async function scene(t: Test) {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-agent-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const agent = await startPlainAgent(join(directory, 'agent.sock'))
  t.teardown(() => agent.stop())
  const connection = await AgentConnection.connect(agent.socket)
  t.teardown(() => connection.close())
  /** A file of the agent's, and its descriptor, which is closed at once. */
  const open = async (name: string, flags: string) => {
    const fd = openSync(join(directory, name), flags)
    try {
      return await connection.open(fd)
    } finally {
      closeSync(fd)
    }
  }
  return { agent, connection, open, path: (name: string) => join(directory, name) }
}

const code = (code: string) => ({ name: 'AgentError', code })

t.test('a file is read and written in the memory that is shared', async (t) => {
  const { connection, open, path } = await scene(t)
  writeFileSync(path('file'), 'hello, agent')
  const file = await open('file', 'r+')
  const [place, other] = connection.places
  t.equal(connection.places.length, 4)
  t.equal(await file.read(place!, 100, 7), 5)
  t.equal(Buffer.from(place!.bytes.subarray(0, 5)).toString(), 'agent')
  t.equal(await file.read(place!, 100, 12), 0, 'the end')
  other!.bytes.set(Buffer.from('--HELLO'))
  t.equal(await file.write(other!, 2, 5, 0), 5)
  await file.fsync()
  t.equal(readFileSync(path('file'), 'utf8'), 'HELLO, agent')
  t.match(await file.getattr(), { size: 12, fileid: statSync(path('file')).ino })
  await file.close()
  await t.rejects(file.getattr(), code('EBADF'))
})

t.test('offsets beyond 4 GiB', async (t) => {
  const { connection, open, path } = await scene(t)
  const file = await open('file', 'w+')
  const [place, other] = connection.places
  const offset = 2 ** 32 + 5
  place!.bytes.set(Buffer.from('far'))
  t.equal(await file.write(place!, 0, 3, offset), 3)
  t.equal(statSync(path('file')).size, offset + 3)
  t.equal(await file.read(other!, 10, offset - 2), 5)
  t.same([...other!.bytes.subarray(0, 5)], [0, 0, ...Buffer.from('far')])
  t.equal((await file.getattr()).size, offset + 3)
})

t.test('errors have their names', async (t) => {
  const { agent, connection, open, path } = await scene(t)
  writeFileSync(path('file'), 'text')
  const [place] = connection.places
  const reading = await open('file', 'r')
  await t.rejects(reading.write(place!, 0, 1, 0), code('EBADF'))
  const writing = await open('file', 'w')
  await agent.tell('space 0')
  await t.rejects(writing.write(place!, 0, 1, 0), code('ENOSPC'))
  await agent.tell('restarted')
  await t.rejects(writing.fsync(), code('ECONNRESET'))
  await writing.fsync()
  await t.rejects(connection.open(9999), /EBADF|Bad file/)
  await t.rejects(reading.read({ ...place!, at: 2 ** 22 - 1 }, 2, 0), code('EINVAL'))
  await agent.tell('leave')
  await t.rejects(reading.read(place!, 1, 0), code('ENOTCONN'))
  await t.rejects(AgentConnection.connect(agent.socket), code('ENOTCONN'))
  t.equal(place!.bytes.length, 1 << 20, 'the memory is still there')
})

t.test('requests may be made at once, and are done in order', async (t) => {
  const { connection, open, path } = await scene(t)
  const file = await open('file', 'w+')
  const [place] = connection.places
  place!.bytes.set(Buffer.from('abcdefgh'))
  const written = Array.from({ length: 8 }, (_, at) => file.write(place!, at, 1, at))
  t.same(await Promise.all(written), Array(8).fill(1))
  t.equal(readFileSync(path('file'), 'utf8'), 'abcdefgh')
})

t.test('where agents are looked for', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-run-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  t.teardown(() => {
    delete process.env.FSVA_RUNTIME_DIRECTORY
  })
  process.env.FSVA_RUNTIME_DIRECTORY = directory
  t.same(agentSockets(), [join(directory, 'agent.sock')])
})

t.test('numbers that Node has no name for', async (t) => {
  t.same([28, 122, 87, 4000].map(errnoName), ['ENOSPC', 'EDQUOT', 'EUSERS', 'errno 4000'])
  t.match(new AgentError(5), { code: 'EIO', message: 'the agent answers EIO' })
})
