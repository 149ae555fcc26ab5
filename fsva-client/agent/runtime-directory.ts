import { mkdirSync } from 'node:fs'

/** Where other users find the agents' sockets, whatever the umask of who starts the first one. */
export function makeRuntimeDirectory(directory: string): void {
  const mask = process.umask(0o022)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 })
  } finally {
    process.umask(mask)
  }
}
