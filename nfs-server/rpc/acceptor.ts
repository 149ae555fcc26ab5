import type { BusyPoll } from './busy-poll.ts'
import type { Stream, StreamUser } from './stream.ts'

/** A connection as a number that any thread of the process can use: whoever has it closes it. */
export interface Descriptor {
  readonly fd: number
  /** Textual IP address and port of the peer, as the socket has them. */
  readonly address: string
  readonly port: number
}

/** A TCP connection that was accepted and not read from yet. */
export interface Accepted {
  /** Textual IP address and port of the peer, as the socket has them. */
  readonly address: string
  readonly port: number
  /** To be given to another thread, instead of `open` or `refuse`; undefined if it cannot be. */
  readonly descriptor?: Descriptor | undefined
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
