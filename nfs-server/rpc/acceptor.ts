import type { BusyPoll } from './busy-poll.ts'
import type { Stream, StreamUser } from './stream.ts'

/** A TCP connection that was accepted and not read from yet. */
export interface Accepted {
  /** Textual IP address and port of the peer, as the socket has them. */
  readonly address: string
  readonly port: number
  /** Begins to read. To be called once, or else `refuse`. */
  readonly open: (user: StreamUser) => Stream
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
  poll: BusyPoll,
) => Promise<Acceptor>
