import type { Socket } from 'node:net'
import type { ReadInto } from './connection.ts'

/** A TCP connection that was accepted and not read from yet. */
export interface Accepted {
  /** Textual IP address and port of the peer, as the socket has them. */
  readonly address: string
  readonly port: number
  /** Makes the socket that reads straight into what `onread` provides. To be called once, or else `refuse`. */
  readonly open: (onread: ReadInto) => Socket
  readonly refuse: () => void
}

export interface Acceptor {
  readonly address: string
  readonly port: number
  /** Stops accepting. */
  close(): Promise<void>
}

export type Accept = (
  address: string,
  port: number,
  onAccept: (accepted: Accepted) => void,
) => Promise<Acceptor>
