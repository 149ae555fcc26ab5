/** A file as the two ends of a copy see it: through the agent if that serves it, else with the kernel's descriptor. */
import { type FileHandle, open } from 'node:fs/promises'
import { AgentError, type AgentFile, type Place } from '../local-agent.ts'

/** The agent has gone while it wrote: what of it arrived is not known. */
export class WriterLost extends Error {}

export class PlaceFile {
  /** Stays open as long as this is used: it takes over when the agent goes. */
  readonly #kernel: FileHandle
  #agent: AgentFile | undefined
  readonly #lost: () => void

  /**
   * `agent`: the same file, if an agent serves it. `lost` is called when that has gone; it goes on without. Errors of the
   * file itself are those of Node's FileHandle, or AgentErrors with the same codes.
   */
  constructor(kernel: FileHandle, agent: AgentFile | undefined, lost: () => void) {
    this.#kernel = kernel
    this.#agent = agent
    this.#lost = lost
  }

  /** Whether the agent serves it. */
  get direct(): boolean {
    return this.#agent !== undefined
  }

  /** Fills the place's first bytes; answers how many: fewer than asked for only at the end of the file. */
  async read(place: Place, length: number, offset: number): Promise<number> {
    let done = 0
    while (done < length) {
      const count = await this.#readSome(place, done, length - done, offset + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  async #readSome(place: Place, start: number, length: number, offset: number): Promise<number> {
    const from = { at: place.at + start, bytes: place.bytes.subarray(start) }
    if (this.#agent !== undefined) {
      try {
        return await this.#agent.read(from, length, offset)
      } catch (error) {
        if (!isLost(error)) throw error
        await this.#goOn()
      }
    }
    return (await this.#kernel.read(from.bytes, 0, length, offset)).bytesRead
  }

  /** Writes all of the place's first bytes. Throws WriterLost if it has to be begun anew. */
  async write(place: Place, length: number, offset: number): Promise<void> {
    let done = 0
    while (done < length) {
      const count = await this.#writeSome(place, done, length - done, offset + done)
      // POSIX allows it, and it would go on for ever.
      if (count === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' })
      done += count
    }
  }

  async #writeSome(place: Place, start: number, length: number, offset: number): Promise<number> {
    if (this.#agent === undefined) {
      return (await this.#kernel.write(place.bytes, start, length, offset)).bytesWritten
    }
    try {
      return await this.#agent.write(place, start, length, offset)
    } catch (error) {
      throw await this.#whileWriting(error)
    }
  }

  /** Stable storage has what was written. Throws WriterLost if it has to be begun anew. */
  async fsync(): Promise<void> {
    try {
      await this.#agent?.fsync()
    } catch (error) {
      throw await this.#whileWriting(error)
    }
    await this.#kernel.sync()
  }

  async #whileWriting(error: unknown): Promise<unknown> {
    if (isLost(error)) await this.#goOn()
    else if ((error as AgentError).code !== 'ECONNRESET') return error
    return new WriterLost('what was written may be lost')
  }

  async #goOn(): Promise<void> {
    this.#agent = undefined
    this.#lost()
    // The agent may have written behind the kernel's back. If that cannot be asked, reading will tell why.
    await lookAgain(this.#kernel).catch(() => undefined)
  }

  /** The descriptor stays the caller's. */
  async close(): Promise<void> {
    try {
      await this.#agent?.close()
    } catch (error) {
      // An agent that is gone has closed it.
      if (!(error instanceof AgentError)) throw error
    }
  }
}

function isLost(error: unknown): boolean {
  return error instanceof AgentError && error.code === 'ENOTCONN'
}

/** Makes the kernel's NFS client look whether what it knows of the file is still so, as an open does (close-to-open). */
export async function lookAgain(kernel: FileHandle): Promise<void> {
  const again = await open(`/proc/self/fd/${kernel.fd}`, 'r')
  await again.close()
}
