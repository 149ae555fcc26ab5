/** Credentials and verifiers of calls (RFC 5531, sections 8.2, 9 and appendix A), good ones and others. */
import { ByteBuilder } from './byte-builder.ts'
import type { Random } from './random.ts'

const AUTH_NONE = 0
const AUTH_SYS = 1
const users = [
  [0, 0],
  [0, 0],
  [0, 0],
  [1000, 1000],
  [1001, 100],
  [65_534, 65_534],
] as const
const foreignFlavors = [2, 3, 6, 300_000, 0xffff_ffff]

/** Writes the credential and the verifier. Nine of ten are those of a well-behaved client. */
export function emitCredentials(random: Random, out: ByteBuilder): void {
  const how = random.below(100)
  if (how < 90) emitSys(random, out, users)
  else if (how < 92) emitFlavor(out, AUTH_NONE, Buffer.alloc(0))
  else if (how < 95) emitSys(random, out, [[random.uint32(), random.uint32()]], true)
  else if (how < 96) emitFlavor(out, AUTH_NONE, random.bytes(8))
  else if (how < 98) emitFlavor(out, random.pick(foreignFlavors), random.bytes(random.below(401)))
  else emitFlavor(out, AUTH_SYS, random.bytes(random.pick([0, 3, 4, 20, 64, 400, 401])))
  if (random.chance(0.01)) emitFlavor(out, random.below(8), random.bytes(random.pick([0, 4, 400, 404])))
  else emitFlavor(out, AUTH_NONE, Buffer.alloc(0))
}

function emitFlavor(out: ByteBuilder, flavor: number, body: Uint8Array): void {
  out.lengthWord(flavor)
  out.opaque(body)
}

function emitSys(
  random: Random,
  out: ByteBuilder,
  from: readonly (readonly [uid: number, gid: number])[],
  isOdd = false,
): void {
  const [uid, gid] = random.pick(from)
  const body = new ByteBuilder()
  body.uint32(isOdd ? random.uint32() : 0)
  const nameBytes = isOdd ? random.pick([0, 1, 254, 255, 256]) : 4
  body.opaque(Buffer.alloc(nameBytes, 'f'))
  body.uint32(uid)
  body.uint32(gid)
  const groups = isOdd ? random.pick([0, 1, 15, 16, 17, 18]) : random.below(3)
  body.uint32(groups)
  for (let i = 0; i < groups; i++) body.uint32(isOdd ? random.uint32() : 100 + i)
  const offset = out.length + 8
  emitFlavor(out, AUTH_SYS, body.finish())
  for (const at of body.lengthWords) out.lengthWords.push(offset + at)
}
