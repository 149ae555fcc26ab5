/** Writes cpio archives of the "newc" kind, which the kernel unpacks as its initramfs (initramfs buffer format). */

const magic = '070701'
const S_IFDIR = 0o040000
const S_IFREG = 0o100000
const S_IFLNK = 0o120000
const S_IFCHR = 0o020000

export class CpioArchive {
  readonly #parts: Buffer[] = []
  readonly #directories = new Set<string>()
  #inode = 1

  /** Adds a directory and those above it. Paths have no leading slash. */
  directory(path: string, mode = 0o755): void {
    if (path === '' || path === '.' || this.#directories.has(path)) return
    const above = path.lastIndexOf('/')
    if (above > 0) this.directory(path.slice(0, above))
    this.#directories.add(path)
    this.#entry(path, S_IFDIR | mode, Buffer.alloc(0))
  }

  file(path: string, content: Buffer, mode = 0o644): void {
    this.#parent(path)
    this.#entry(path, S_IFREG | mode, content)
  }

  symlink(path: string, target: string): void {
    this.#parent(path)
    this.#entry(path, S_IFLNK | 0o777, Buffer.from(target))
  }

  characterDevice(path: string, major: number, minor: number, mode = 0o600): void {
    this.#parent(path)
    this.#entry(path, S_IFCHR | mode, Buffer.alloc(0), major, minor)
  }

  /** The archive with its trailer; the archive object is of no use afterwards. */
  finish(): Buffer {
    this.#entry('TRAILER!!!', 0, Buffer.alloc(0))
    return Buffer.concat(this.#parts)
  }

  #parent(path: string): void {
    const slash = path.lastIndexOf('/')
    if (slash > 0) this.directory(path.slice(0, slash))
  }

  #entry(path: string, mode: number, content: Buffer, major = 0, minor = 0): void {
    const name = Buffer.from(`${path}\0`)
    // inode, mode, uid, gid, nlink, mtime, size, device, device minor, rdev, rdev minor, name size, check
    const fields = [this.#inode++, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0]
    const header = magic + fields.map((field) => field.toString(16).padStart(8, '0')).join('')
    this.#aligned(Buffer.concat([Buffer.from(header), name]))
    this.#aligned(content)
  }

  #aligned(part: Buffer): void {
    this.#parts.push(part, Buffer.alloc((4 - (part.length % 4)) % 4))
  }
}
