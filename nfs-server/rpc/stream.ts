/** A TCP connection as record marking needs it: bytes go straight into the user's memory and straight from it. */
export interface Stream {
  /** Textual IP address of this end. */
  readonly localAddress: string
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Of what was written: what the kernel has not taken yet. */
  readonly unsentBytes: number
  /** The kernel has not taken all that it was given: the peer is slower than its replies. */
  readonly isFull: boolean
  /** Reads again, after `received` answered false. */
  resume(): void
  /**
   * True if the kernel has taken all of it. Otherwise what is left follows when it can, the pieces must stay as they are
   * until then, and `sent` is called once.
   */
  write(pieces: readonly Uint8Array[], sent: () => void): boolean
  /** Says that nothing more comes, when all that was written is sent. The other side may still send. */
  end(): void
  /** Ends both directions and forgets what was not sent; `closed` is called before this returns. */
  destroy(): void
}

export interface StreamUser {
  /** Where the next bytes go; never empty. */
  buffer(): Uint8Array
  /** So many bytes are there, at the front of what `buffer` gave. False: reading stops until `resume`. */
  received(count: number): boolean
  /** Whether there are others of the same event loop, who may wait meanwhile. */
  isShared(): boolean
  /** The peer has sent its last byte. */
  ended(): void
  /** Called once: by either side's doing the connection is gone. */
  closed(): void
}
