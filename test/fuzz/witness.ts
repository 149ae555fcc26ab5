/** A well-behaved client that compares what it is answered with what is true, as long as the fuzzing goes on. */

import { type Handle, made, NfsClient, ok, statusOf } from '../fixtures/nfs-client.ts'
import { mountedRoot } from '../fixtures/restartable-server.ts'

export class Witness {
  readonly #client: NfsClient
  readonly #root: Handle
  /** What was answered wrong, in words. */
  readonly wrong: string[] = []
  rounds = 0
  readonly #durations_ms: number[] = []
  #isOver = false
  #running: Promise<void> = Promise.resolve()

  private constructor(client: NfsClient, root: Handle) {
    this.#client = client
    this.#root = root
  }

  static async start(nfsPort: number, mountPort: number, path: string): Promise<Witness> {
    const root = await mountedRoot(mountPort, path)
    const client = await NfsClient.connect(nfsPort, { uid: 0, gid: 0 })
    const witness = new Witness(client, root)
    witness.#running = witness.#work()
    return witness
  }

  /** Ends it, after one more round. */
  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
    this.#client.close()
  }

  /** Of a round of eight calls. */
  duration_ms(quantile: number): number {
    const sorted = this.#durations_ms.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0
  }

  async #work(): Promise<void> {
    for (let isLast = false; !isLast; ) {
      isLast = this.#isOver
      const began = performance.now()
      try {
        await this.#round(this.rounds)
      } catch (error) {
        this.wrong.push(`round ${this.rounds}: ${error}`)
        return
      }
      this.#durations_ms.push(performance.now() - began)
      this.rounds++
    }
  }

  async #round(round: number): Promise<void> {
    const name = `witness-${round}`
    const content = `content of ${name}`
    const file = made(await this.#client.create(this.#root, name))
    ok(await this.#client.write(file, 0n, content))
    const [read, found, attributes] = await Promise.all([
      this.#client.read(file, 0n, 4096),
      this.#client.lookup(this.#root, name),
      this.#client.getattr(file),
    ])
    const removed = await this.#client.remove(this.#root, name)
    const gone = await this.#client.lookup(this.#root, name)
    const isRight = [
      Buffer.from(ok(read).data).toString() === content,
      Buffer.from(ok(found).object.data).equals(file),
      ok(attributes).obj_attributes.size === BigInt(content.length),
      statusOf(removed) === 'NFS3_OK',
      statusOf(gone) === 'NFS3ERR_NOENT',
    ]
    if (!isRight.every(Boolean)) this.wrong.push(`round ${round}: ${isRight}`)
  }
}
