/** What a call message must be answered with, worked out from RFC 5531 and the `.x` files without the server's code. */
import type { Catalogue, Service, Target } from './catalogue.ts'
import { endOfValue } from './reference-decoder.ts'

export type Expectation =
  /** No call: over TCP the connection ends, over UDP nothing comes. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'rpc-mismatch' }
  | { readonly kind: 'auth-error'; readonly why: number }
  | { readonly kind: 'program-unavailable' }
  | { readonly kind: 'program-mismatch'; readonly low: number; readonly high: number }
  | { readonly kind: 'procedure-unavailable' }
  | { readonly kind: 'garbage-arguments'; readonly target: Target }
  | { readonly kind: 'result'; readonly target: Target; readonly argumentsStart: number }

const AUTH_BADCRED = 1
const AUTH_REJECTEDCRED = 2
const AUTH_BADVERF = 3
const authBytesMax = 400
/** A little behind the arguments is let pass, as other servers do. */
const trailingBytesMax = 1024
const nothing: Expectation = { kind: 'nothing' }

export function expectationOf(catalogue: Catalogue, service: Service, message: Buffer): Expectation {
  if (message.length < 12 || message.readUInt32BE(4) !== 0) return nothing
  if (message.readUInt32BE(8) !== 2) return { kind: 'rpc-mismatch' }
  if (message.length < 40) return nothing
  const [program, version, procedure, flavor, credentialBytes] = [12, 16, 20, 24, 28].map((at) =>
    message.readUInt32BE(at),
  ) as [number, number, number, number, number]
  if (credentialBytes > authBytesMax) return { kind: 'auth-error', why: AUTH_BADCRED }
  const verifier = 32 + Math.ceil(credentialBytes / 4) * 4
  if (verifier + 8 > message.length) return nothing
  const verifierBytes = message.readUInt32BE(verifier + 4)
  if (verifierBytes > authBytesMax) return { kind: 'auth-error', why: AUTH_BADVERF }
  const argumentsStart = verifier + 8 + Math.ceil(verifierBytes / 4) * 4
  if (argumentsStart > message.length) return nothing
  const isVerifierEmpty = message.readUInt32BE(verifier) === 0 && verifierBytes === 0
  const why = refusal(flavor, message.subarray(32, 32 + credentialBytes), isVerifierEmpty)
  if (why !== undefined) return { kind: 'auth-error', why }
  const versions = catalogue.versions(service, program)
  if (versions === undefined) return { kind: 'program-unavailable' }
  if (!catalogue.hasVersion(service, program, version)) return { kind: 'program-mismatch', ...versions }
  const target = catalogue.find(service, program, version, procedure)
  if (target === undefined) return { kind: 'procedure-unavailable' }
  const end = endOfValue(target.model, target.argument, message, argumentsStart)
  return end === undefined || message.length - end > trailingBytesMax
    ? { kind: 'garbage-arguments', target }
    : { kind: 'result', target, argumentsStart }
}

/** The auth_stat that the credential earns; undefined if it is good. */
function refusal(flavor: number, body: Buffer, isVerifierEmpty: boolean): number | undefined {
  if (flavor > 1) return AUTH_REJECTEDCRED
  if (flavor === 0 && body.length > 0) return AUTH_BADCRED
  if (!isVerifierEmpty) return AUTH_BADVERF
  return flavor === 0 || isSystemCredential(body) ? undefined : AUTH_BADCRED
}

/** authsys_parms of RFC 5531, appendix A: stamp, machinename<255>, uid, gid, gids<16>. */
function isSystemCredential(body: Buffer): boolean {
  if (body.length < 8) return false
  const nameBytes = body.readUInt32BE(4)
  if (nameBytes > 255) return false
  const ids = 8 + Math.ceil(nameBytes / 4) * 4
  if (ids + 12 > body.length) return false
  const groups = body.readUInt32BE(ids + 8)
  return groups <= 16 && ids + 12 + groups * 4 === body.length
}
