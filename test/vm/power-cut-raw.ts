/**
 * A client of its own making beside the user VM's: writes in every way that WRITE knows, calls that must not run twice,
 * and all of it looked at again after the power was cut. Runs as a process in the network of the VMs:
 *
 *   power-cut-raw.ts ADDRESS EXPORT... [--async EXPORT]
 *
 * It says `recorded` when calls were answered whose record may be brought to the disk, `ready` for the cut, and, told
 * by a line each time to go on, a JSON object of RawFindings.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { TcpRpcClient } from '../../nfs-server/rpc/client.ts'
import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  MOUNT_V3_PROCEDURES as mount3,
} from '../../nfs-server/xdr/generated/mount.ts'
import { NFS_V3_PROCEDURES as nfs, stable_how } from '../../nfs-server/xdr/generated/nfs3.ts'
import { type ChangingCall, changing, changingProcedures } from '../fixtures/changing-calls.ts'
import { type Handle, made, NfsClient, ok, statusOf, toBytes, toWire } from '../fixtures/nfs-client.ts'
import { RawConnection, repeatable } from '../fixtures/repeatable-call.ts'

export interface RawFindings {
  readonly wrong: readonly string[]
  readonly figures: {
    /** Stable writes, and writes made stable by COMMIT, that were there afterwards. */
    readonly stableWrites: number
    /** UNSTABLE writes without COMMIT, and how many of them the cut took. All were sent again and committed. */
    readonly unstableWrites: number
    readonly unstableLost: number
    /** Repeated calls whose reply was on the disk: answered with that reply. */
    readonly repliesFromRecord: number
    /** Repeated calls whose reply was not: done, and answered OK or that they had been done before. */
    readonly repliesWithoutRecord: number
    /** Calls of an async export with their reply on the disk and their effect lost: done again. */
    readonly asyncDoneAgain: number
  }
}

const credential = { uid: 0, gid: 0, gids: [] }
const [nfsPort, mountPort] = [2049, 20048]
const size = 20_000
const { positionals, values } = parseArgs({ allowPositionals: true, options: { async: { type: 'string' } } })
const [address, ...exports] = positionals as [string, ...string[]]
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const port = await relay()
const wrong: string[] = []
const verifiers = new Set<string>()

const figures = { stableWrites: 0, unstableWrites: 0, unstableLost: 0, repliesFromRecord: 0 }
const more = { repliesWithoutRecord: 0, asyncDoneAgain: 0 }

/** What is done on one export. */
class Scene {
  readonly #path: string
  readonly #dir: Handle
  readonly #recorded: Asked[]
  #unrecorded: Asked[] = []
  readonly #stable: { name: string; file: Handle }[] = []
  #unstable: Handle | undefined

  private constructor(path: string, dir: Handle, recorded: Asked[]) {
    this.#path = path
    this.#dir = dir
    this.#recorded = recorded
  }

  static async prepare(path: string): Promise<Scene> {
    const client = await NfsClient.connect(port, credential)
    const dir = made(await client.mkdir(await root(path), `raw-${process.pid}`))
    const scene = new Scene(path, dir, await ask(client, dir, 'recorded'))
    client.close()
    return scene
  }

  async before(): Promise<void> {
    const client = await NfsClient.connect(port, credential)
    this.#unrecorded = await ask(client, this.#dir, 'unrecorded')
    for (const how of ['FILE_SYNC', 'DATA_SYNC', 'UNSTABLE'] as const) {
      const file = made(await client.create(this.#dir, how))
      const written = ok(await client.write(file, 0n, content(how), stable_how[how]))
      expect(written.count === size && written.committed >= stable_how[how], `${this.#path}: WRITE ${how}`)
      verifiers.add(hex(written.verf))
      if (how === 'UNSTABLE') verifiers.add(hex(ok(await client.commit(file)).verf))
      this.#stable.push({ name: how, file })
    }
    this.#unstable = made(await client.create(this.#dir, 'not committed'))
    const written = ok(await client.write(this.#unstable, 0n, content('lost'), stable_how.UNSTABLE))
    verifiers.add(hex(written.verf))
    client.close()
  }

  async after(): Promise<void> {
    const client = await NfsClient.connect(port, credential)
    const isThere = async (file: Handle, name: string) =>
      Buffer.from(ok(await client.read(file, 0n, size)).data).equals(content(name))
    for (const { name, file } of this.#stable) {
      if (await isThere(file, name)) figures.stableWrites++
      else wrong.push(`${this.#path}: WRITE ${name} is lost`)
    }
    const file = this.#unstable!
    figures.unstableWrites++
    if (!(await isThere(file, 'lost'))) figures.unstableLost++
    verifiers.add(hex(ok(await client.write(file, 0n, content('lost'), stable_how.UNSTABLE)).verf))
    verifiers.add(hex(ok(await client.commit(file)).verf))
    expect(await isThere(file, 'lost'), `${this.#path}: a write that was sent again`)
    const connection = await RawConnection.open(port)
    for (const asked of this.#recorded) {
      const again = await repeat(connection, asked)
      if (again.isSame) figures.repliesFromRecord++
      else wrong.push(`${this.#path}: ${asked.name} again, with its reply on the disk: ${again.status}`)
    }
    for (const asked of this.#unrecorded) {
      const { status } = await repeat(connection, asked)
      if (status === 'NFS3_OK' || status === asked.secondTime) more.repliesWithoutRecord++
      else wrong.push(`${this.#path}: ${asked.name} again: ${status}`)
    }
    for (const { name, isDone } of [...this.#recorded, ...this.#unrecorded])
      expect(await isDone(client), `${this.#path}: ${name} is not done`)
    connection.close()
    client.close()
  }
}

interface Asked extends ChangingCall {
  readonly reply: Uint8Array
}

/** One call of every kind that must not run twice. */
async function ask(client: NfsClient, dir: Handle, tag: string): Promise<Asked[]> {
  const connection = await RawConnection.open(port)
  const asked: Asked[] = []
  for (const procedure of changingProcedures) {
    const call = await changing(procedure, client, dir, `${tag} ${procedure}`)
    const reply = await connection.ask(call.call)
    if (reply === undefined || statusOf(reply) !== 'NFS3_OK') throw new Error(`${procedure} failed`)
    asked.push({ ...call, reply: connection.peek(call.call)! })
  }
  connection.close()
  return asked
}

async function repeat(connection: RawConnection, { call, reply }: Asked) {
  const again = await connection.ask(call)
  const status = again === undefined ? 'no answer' : statusOf(again)
  return { status, isSame: again !== undefined && Buffer.from(reply).equals(connection.peek(call)!) }
}

/** A directory that is answered for before it is on the disk. */
async function prepareAsync(path: string) {
  const dir = await root(path)
  const where = { dir: { data: dir }, name: toBytes(`raw-${process.pid}`) }
  const call = repeatable(nfs.NFSPROC3_MKDIR, { where, attributes: toWire({ mode: 0o755 }) })
  const connection = await RawConnection.open(port)
  expect((await connection.ask(call))?.status === 0, `${path}: MKDIR`)
  connection.close()
  return { path, dir, where, call }
}

async function afterAsync({ path, dir, where, call }: Awaited<ReturnType<typeof prepareAsync>>) {
  const client = await NfsClient.connect(port, credential)
  const isLost = (await client.lookup(dir, where.name)).status !== 0
  const connection = await RawConnection.open(port)
  const status = (await connection.ask(call))?.status
  const exists = (await client.lookup(dir, where.name)).status === 0
  expect(exists, `${path}: a directory that was lost is said to be there`)
  if (isLost && status === 0 && exists) more.asyncDoneAgain++
  connection.close()
  client.close()
}

async function root(path: string): Promise<Handle> {
  const client = await TcpRpcClient.connect({ host: address, port: mountPort }, { credential })
  const mounted = await client.call(MOUNT_PROGRAM, MOUNT_V3, mount3.MOUNTPROC3_MNT, Buffer.from(path))
  client.close()
  if (mounted.fhs_status !== 0) throw new Error(`MNT ${path}: ${mounted.fhs_status}`)
  return mounted.mountinfo.fhandle
}

/** The server as if it were on this machine, where the fixtures look for it. */
async function relay(): Promise<number> {
  const server = createServer((near) => {
    const far = connect({ host: address, port: nfsPort, noDelay: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

/** Says a word and waits to be told to go on. */
async function say(word: string): Promise<void> {
  console.log(word)
  await lines.next()
}

function expect(condition: boolean, what: string): void {
  if (!condition) wrong.push(what)
}

function content(name: string): Buffer {
  return Buffer.alloc(size, `${name} `)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

const scenes = await Promise.all(exports.map((path) => Scene.prepare(path)))
const unstable = values.async === undefined ? undefined : await prepareAsync(values.async)
await say('recorded')
for (const scene of scenes) await scene.before()
expect(verifiers.size === 1, `${verifiers.size} write verifiers before the cut`)
await say('ready')
const [verifierBefore] = verifiers
verifiers.clear()
for (const scene of scenes) await scene.after()
if (unstable !== undefined) await afterAsync(unstable)
expect(verifiers.size === 1 && !verifiers.has(verifierBefore!), 'the write verifier is still the same')
const findings: RawFindings = { wrong, figures: { ...figures, ...more } }
console.log(JSON.stringify(findings))
process.exit(0)
