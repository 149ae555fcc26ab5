/** Learns handles, names and cookies from calls and their results, whatever the procedure. */
import type { HandleKind, KnownHandle } from './handle-pool.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

type Fields = Readonly<Record<string, unknown>>

const kinds: Readonly<Record<number, HandleKind>> = { 1: 'file', 2: 'directory', 5: 'symlink' }
const handleBytesMax = 64

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}

/** Everything in a value that is a struct or a union, outermost first. */
function* structsIn(value: unknown): Generator<Fields> {
  if (Array.isArray(value)) for (const element of value) yield* structsIn(element)
  else if (isFields(value)) {
    yield value
    for (const field of Object.values(value)) yield* structsIn(field)
  }
}

/** The handles in a call's arguments that the server gave out. */
export function liveHandlesIn(world: World, args: unknown): KnownHandle[] {
  const found: KnownHandle[] = []
  for (const fields of structsIn(args)) {
    for (const bytes of Object.values(fields)) {
      if (!(bytes instanceof Uint8Array) || bytes.length > handleBytesMax) continue
      const known = world.handles.find(bytes)
      if (known !== undefined) found.push(known)
    }
  }
  return found
}

/** `place` is the export that the call was about. */
export function learn(world: World, args: unknown, result: unknown, place: number, random: Random): void {
  for (const fields of structsIn(result)) {
    const kind = kindOf(fields.obj_attributes ?? fields.name_attributes)
    const handle = handleIn(fields.object ?? fields.obj ?? fields.name_handle)
    if (handle !== undefined) world.handles.add(handle, kind, place, random)
    const { cookie, name } = fields
    if (typeof cookie !== 'bigint') continue
    world.sawCookie(cookie, random)
    const directory = handleIn((args as Fields).dir)
    if (directory !== undefined && name instanceof Uint8Array) world.sawEntry(directory, name, random)
  }
  for (const fields of structsIn(args)) {
    const directory = handleIn(fields.dir)
    if (directory !== undefined && fields.name instanceof Uint8Array) {
      world.sawEntry(directory, fields.name, random)
    }
  }
}

function kindOf(attributes: unknown): HandleKind {
  const type = isFields(attributes) ? attributes.type : undefined
  return (typeof type === 'number' ? kinds[type] : undefined) ?? 'other'
}

function handleIn(value: unknown): Uint8Array | undefined {
  const bytes = isFields(value) ? value.data : undefined
  return bytes instanceof Uint8Array ? bytes : undefined
}
