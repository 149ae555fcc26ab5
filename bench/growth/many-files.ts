import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a directory of files f0000000, f0000001, ... of 4 KiB each, which are holes: they take no data's memory. */
export function makeManyFiles(directory: string, count: number): void {
  mkdirSync(directory)
  for (let number = 0; number < count; number++) {
    const file = openSync(join(directory, `f${String(number).padStart(7, '0')}`), 'w')
    ftruncateSync(file, 4096)
    closeSync(file)
  }
}
