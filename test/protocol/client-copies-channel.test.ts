/**
 * `fsva-client cat` and `cp` over the side channel of a real fsva-nfsd. On one host there is no NFS mount; so the files lie in
 * the export itself, and the agent asks NFS for the handle that a mount would have. test/vm has the rest.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { type ChannelAgent, startChannelAgent } from '../fixtures/channel-agent.ts'
import { type Handle, ok } from '../fixtures/nfs-client.ts'
import { RestartableServer } from '../fixtures/restartable-server.ts'
import { runClient } from './client-process.ts'

t.setTimeout(300_000)

const big = randomBytes(9_437_187)

class Scene {
  readonly directory = mkdtempSync(join(tmpdir(), 'fsva-channel-'))
  readonly rendezvous = join(this.directory, 'channel.sock')
  readonly server = new RestartableServer(['--side-channel', this.rendezvous])
  #root: Handle | undefined
  #agent: ChannelAgent | undefined
  /** Called before an agent is told a handle. */
  beforeOpen: (name: string) => Promise<void> = async () => {}

  async start(): Promise<void> {
    await this.startServer()
    const socket = join(this.directory, 'agent.sock')
    this.#agent = await startChannelAgent(this.rendezvous, socket, (path) => this.#handleOf(path))
  }

  async startServer(): Promise<void> {
    await this.server.start()
    this.#root = await this.server.root()
  }

  /** What a mount of the export would have, for files right below it. */
  async #handleOf(path: string): Promise<Uint8Array | number> {
    if (dirname(path) !== this.server.exported) return constants.errno.EXDEV
    await this.beforeOpen(basename(path))
    return ok(await this.server.client.lookup(this.#root!, basename(path))).object.data
  }

  async stop(): Promise<void> {
    await this.#agent?.stop()
    await this.server.close()
    rmSync(this.directory, { recursive: true })
  }

  inside(name: string): string {
    return join(this.server.exported, name)
  }

  outside(name: string): string {
    return join(this.directory, name)
  }

  client(command: string, ...files: readonly string[]) {
    return runClient([command, '--agent', this.#agent!.socket, ...files])
  }

  leftovers(): readonly string[] {
    return readdirSync(this.server.exported).filter((name) => name.startsWith('.fsva'))
  }
}

async function newScene(t: Test): Promise<Scene> {
  const scene = new Scene()
  t.teardown(() => scene.stop())
  await scene.start()
  return scene
}

t.test('files are copied into the export, within it, and out of it', async (t) => {
  const scene = await newScene(t)
  const cp = (source: string, target: string) => scene.client('cp', source, target)
  writeFileSync(scene.outside('source'), big)
  chmodSync(scene.outside('source'), 0o640)
  t.match(await cp(scene.outside('source'), scene.inside('in')), { code: 0, stderr: '' })
  t.ok(readFileSync(scene.inside('in')).equals(big))
  t.equal(statSync(scene.inside('in')).mode & 0o777, 0o640)
  t.match(await cp(scene.inside('in'), scene.inside('within')), { code: 0, stderr: '' })
  t.ok(readFileSync(scene.inside('within')).equals(big))
  t.match(await cp(scene.inside('within'), scene.outside('out')), { code: 0, stderr: '' })
  t.ok(readFileSync(scene.outside('out')).equals(big))
  writeFileSync(scene.inside('text'), 'some text\n')
  t.match(await scene.client('cat', scene.inside('text')), { code: 0, stdout: 'some text\n', stderr: '' })
  t.same(scene.leftovers(), [])
})

t.test('a server that is killed in the middle of a copy', async (t) => {
  const scene = await newScene(t)
  writeFileSync(scene.outside('source'), big)
  let restarts = 0
  // When the source is open, and the target is to be.
  scene.beforeOpen = async (name) => {
    if (!name.startsWith('.fsva-cp-') || restarts > 0) return
    restarts += 1
    await scene.server.kill()
    await scene.startServer()
  }
  writeFileSync(scene.inside('first'), big)
  t.match(await scene.client('cp', scene.inside('first'), scene.inside('second')), { code: 0 })
  t.equal(restarts, 1)
  t.ok(readFileSync(scene.inside('second')).equals(big))

  scene.beforeOpen = async () => {}
  const copying = scene.client('cp', scene.outside('source'), scene.inside('third'))
  const isUnderWay = () => {
    const [name] = scene.leftovers()
    return name !== undefined && statSync(scene.inside(name), { throwIfNoEntry: false })?.size !== 0
  }
  while (!isUnderWay()) await new Promise((resolve) => setTimeout(resolve, 1))
  await scene.server.kill()
  await scene.startServer()
  const { code, stderr } = await copying
  t.equal(code, 0, stderr)
  t.ok(readFileSync(scene.inside('third')).equals(big))
  t.same(scene.leftovers(), [])
})
