/**
 * Why a call got no result. `unreachable`: no way there; `closed`: nobody listens on the port; `timeout`: no answer;
 * `program`, `version`: not offered; `denied`: credential refused; `failed`, `garbled`: a broken server.
 */
export type RpcFailureKind =
  | 'unreachable'
  | 'closed'
  | 'timeout'
  | 'program'
  | 'version'
  | 'denied'
  | 'failed'
  | 'garbled'

export class RpcFailure extends Error {
  readonly kind: RpcFailureKind

  constructor(kind: RpcFailureKind, message: string) {
    super(message)
    this.name = 'RpcFailure'
    this.kind = kind
  }
}
