import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../run.ts'

/** What the kernel shows of itself in /sys, /dev and /proc, below a root that tests choose. */
export class KernelTree {
  readonly root: string

  constructor(root = '/') {
    this.root = root
  }

  exists(path: string): boolean {
    return existsSync(this.at(path))
  }

  /** Names in a directory, sorted; none if it is not there. */
  list(path: string): readonly string[] {
    try {
      return readdirSync(this.at(path)).sort()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  /** An attribute without its newline; undefined if it is not there. */
  read(path: string): string | undefined {
    try {
      return readFileSync(this.at(path), 'latin1').trimEnd()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Writes an attribute; throws what the kernel answers. */
  write(path: string, value: string): void {
    writeFileSync(this.at(path), value)
  }

  /** The first bytes of a device; fewer if it has fewer. */
  readStart(path: string, length: number): Buffer {
    const buffer = Buffer.alloc(length)
    const fd = openSync(this.at(path), 'r')
    try {
      return buffer.subarray(0, readSync(fd, buffer, 0, length, 0))
    } finally {
      closeSync(fd)
    }
  }

  /** Loads a module; what modprobe(8) says if that fails, as it also does for what the kernel was built without. */
  async loadModule(name: string): Promise<string | undefined> {
    try {
      const { code, output } = await run('modprobe', [name])
      return code === 0 ? undefined : output || `modprobe ended with ${code}`
    } catch (error) {
      return `modprobe cannot be run: ${(error as Error).message}`
    }
  }

  protected at(path: string): string {
    return join(this.root, path)
  }
}
