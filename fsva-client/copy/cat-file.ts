import { open } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type { AgentForCopies } from './agent-for-copies.ts'
import { fileFailure } from './file-failure.ts'
import { pump } from './pump.ts'

/** Writes the file's bytes; whatever is no regular file is read as it comes. Errors of `out` are thrown as they are. */
export async function catFile(path: string, out: Writable, agent: AgentForCopies): Promise<void> {
  const failed = (error: unknown) => fileFailure('read', path, error)
  const kernel = await open(path, 'r').catch((error: unknown) => {
    throw failed(error)
  })
  try {
    if (!(await kernel.stat()).isFile()) {
      for (;;) {
        const { bytesRead, buffer } = await kernel.read().catch((error: unknown) => {
          throw failed(error)
        })
        if (bytesRead === 0) return
        await write(out, buffer.subarray(0, bytesRead))
      }
    }
    const file = await agent.file(kernel, path)
    await pump(
      agent.places,
      (place, length, offset) =>
        file.read(place, length, offset).catch((error: unknown) => {
          throw failed(error)
        }),
      (place, length) => write(out, place.bytes.subarray(0, length)),
    )
    await file.close()
  } finally {
    await kernel.close()
  }
}

/** Until the bytes are not needed any more. */
function write(out: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}
