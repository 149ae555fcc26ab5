/** What a worker of programs/promises.c was promised, read from its log, and whether it was kept. */
import { blockBytes, type Entry, type Inode, PromisedTree } from './promised-tree.ts'

interface Operation {
  readonly number: number
  readonly name: string
  readonly words: readonly string[]
  /** It was running when the power was cut: its client may have to ask again. */
  interrupted: boolean
}

/** What an operation gives that was done, not answered, and asked for again after the record of it was lost. */
const repeated: Readonly<Record<string, number>> = {
  ...{ mkdir: 17, symlink: 17, mkfifo: 17, link: 17 },
  ...{ unlink: 2, rmdir: 2, rename: 2 },
}

export class PromiseLog {
  readonly #tree = new PromisedTree()
  /** Promises by kind: an operation's name, or the way in which a write was made stable. */
  readonly promises = new Map<string, number>()
  /** Errors that the program saw and should not have. */
  readonly errors: string[] = []
  /** Operations that said they had been done before: see `repeated`. */
  alreadyDone = 0
  #running: Operation | undefined
  #rest = ''

  /** The next piece of the log. */
  feed(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) {
      const [kind, number, ...words] = line.split(' ')
      if (kind === 'B')
        this.#running = {
          number: Number(number),
          name: words[0]!,
          words: words.slice(1),
          interrupted: false,
        }
      else this.#end(Number(number), Number(words[0]))
    }
  }

  /** How many promises. */
  get count(): number {
    return [...this.promises.values()].reduce((sum, number) => sum + number, 0)
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** The power was cut, and everything logged before has been fed. */
  cut(): void {
    if (this.#running !== undefined) this.#running.interrupted = true
  }

  #end(number: number, error: number): void {
    const operation = this.#running
    if (operation?.number !== number) throw new Error(`operation ${number} ended without a beginning`)
    this.#running = undefined
    const { name, words } = operation
    if (error !== 0) {
      if (!operation.interrupted || error !== repeated[name]) {
        this.errors.push(`${name} ${words.join(' ')}: errno ${error}`)
        return
      }
      this.alreadyDone++
    }
    apply(this.#tree, operation)
    const kind = name === 'write' ? `write ${words.at(-1)}` : name === 'sync' ? words[1]! : name
    if (kind !== 'append') this.promises.set(kind, (this.promises.get(kind) ?? 0) + 1)
  }

  /** What is not as promised. The operation that is running may have been done, or not, or half. */
  broken(entries: readonly Entry[]): string[] {
    const operation = this.#running
    if (operation === undefined) return this.#tree.differences(entries)
    const before = this.#tree.differences(entries, touched(this.#tree, operation))
    const after = this.#tree.clone()
    const existing = touched(after, operation)
    apply(after, operation, false)
    const unsettled = new Set([...existing, ...touched(after, operation)])
    const otherwise = after.differences(entries, unsettled)
    return otherwise.length < before.length ? otherwise : before
  }
}

/** The objects that an operation is about. */
function touched(tree: PromisedTree, { words }: Operation): Set<Inode> {
  const inodes = words.slice(0, 2).map((path) => tree.paths.get(path))
  return new Set(inodes.filter((inode) => inode !== undefined))
}

type Effect = (tree: PromisedTree, path: string, rest: readonly string[], isPromised: boolean) => void

const effects: Readonly<Record<string, Effect>> = {
  create: (tree, path, [mode]) => tree.make(path, 'f', mode),
  excl: (tree, path, [mode]) => tree.make(path, 'f', mode),
  mkdir: (tree, path, [mode]) => tree.make(path, 'd', mode),
  mkfifo: (tree, path, [mode]) => tree.make(path, 'p', mode),
  symlink: (tree, path, [target]) => tree.make(path, 'l', undefined, target),
  link: (tree, path, [to]) => tree.link(path, to!),
  rename: (tree, path, [to]) => tree.rename(path, to!),
  unlink: (tree, path) => tree.remove(path),
  rmdir: (tree, path) => tree.remove(path),
  chmod: (tree, path, [mode]) => Object.assign(tree.at(path), { mode }),
  chown: (tree, path, [uid, gid]) => Object.assign(tree.at(path), { uid: Number(uid), gid: Number(gid) }),
  utimes: (tree, path, [mtime]) => Object.assign(tree.at(path), { mtime }),
  truncate: (tree, path, [bytes]) => tree.truncate(path, Number(bytes) / blockBytes),
  write: (tree, path, [offset, count, stamp], isPromised) =>
    tree.write(path, Number(offset), Number(count), Number(stamp), isPromised),
  append: (tree, path, [offset, count, stamp]) =>
    tree.write(path, Number(offset), Number(count), Number(stamp), false),
  sync: (tree, path, _, isPromised) => isPromised && tree.sync(path),
}

function apply(tree: PromisedTree, { name, words }: Operation, isPromised = true): void {
  const effect = effects[name]
  if (effect === undefined) throw new Error(`unknown operation ${name}`)
  effect(tree, words[0]!, words.slice(1), isPromised)
}
