/** RPC messages spelled out word by word from RFC 5531, section 9, without help from the code under test. */

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4)
  return bytes
}

export function opaque(bytes: Uint8Array): Buffer {
  return Buffer.concat([words(bytes.length), bytes, Buffer.alloc(-bytes.length & 3)])
}

/** flavor and body of a credential or verifier. */
export function auth(flavor: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.concat([words(flavor), opaque(body)])
}

export function sysBody(
  uid: number,
  gid: number,
  gids: readonly number[] = [],
  stamp = 0,
  name = 'host',
): Buffer {
  return Buffer.concat([words(stamp), opaque(Buffer.from(name)), words(uid, gid, gids.length, ...gids)])
}

export const noAuth = auth(0)

export interface CallWords {
  readonly xid?: number
  readonly rpcvers?: number
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly credential?: Uint8Array
  readonly verifier?: Uint8Array
  readonly args?: Uint8Array
}

export function call(of: CallWords): Buffer {
  return Buffer.concat([
    words(of.xid ?? 7, 0, of.rpcvers ?? 2, of.program, of.version, of.procedure),
    of.credential ?? noAuth,
    of.verifier ?? noAuth,
    of.args ?? Buffer.alloc(0),
  ])
}

/** xid, REPLY, MSG_ACCEPTED, AUTH_NONE verifier, accept_stat, and what follows it. */
export function accepted(xid: number, status: number, ...rest: readonly number[]): Buffer {
  return words(xid, 1, 0, 0, 0, status, ...rest)
}

/** xid, REPLY, MSG_DENIED, and what follows it. */
export function denied(xid: number, ...rest: readonly number[]): Buffer {
  return words(xid, 1, 1, ...rest)
}

/** With its record mark (section 11), as one fragment. */
export function record(message: Uint8Array): Buffer {
  return Buffer.concat([words(0x8000_0000 + message.length), message])
}
