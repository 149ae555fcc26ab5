/** What native/src/side_channel_server.rs exports, typed by hand as in binding.ts. */

/** What a session of the side channel counts (native/appliance/src/figures.rs). */
export interface SideChannelFigures {
  /** 1 while requests can come. */
  readonly connected: number
  readonly requests: number
  /** Done on the session's own thread, and by threads of an export. */
  readonly inline: number
  readonly queued: number
  /** Now. */
  readonly underWay: number
  /** Sent again, and answered without being executed again. */
  readonly repeated: number
  /** Sent again after a former process was killed while it executed them. */
  readonly inDoubt: number
  readonly failed: number
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Now, as the next three. */
  readonly openFiles: number
  readonly lentGrants: number
  readonly cachedPages: number
  readonly quarantinedGrants: number
  readonly mapHits: number
  readonly mapMisses: number
  readonly invalidatedGrants: number
  readonly restoredGrants: number
  readonly hintsSent: number
  readonly hintsDropped: number
}

export interface SideChannelEvent {
  /** `hello`: `id` waits for `refuse` or `prepare`. `refused`: before it was heard. `ended`: the session `id`. */
  readonly kind: 'hello' | 'refused' | 'ended'
  readonly id: number
  /** Of a peer on another machine. */
  readonly address?: string
  readonly port?: number
  /** Of a peer on this one. */
  readonly uid?: number
  /** What it said, or why it was refused, or why the session broke. */
  readonly text: string
  /** Others that were refused and are not told of. */
  readonly untold: number
  /** How the session ended. */
  readonly end?: 'closed' | 'gone' | 'broken'
}

export interface PreparedRegion {
  /** Hexadecimal. */
  readonly instance: string
  readonly offset: number
  readonly bytes: number
  /** With what the client had lent and borrowed in it. */
  readonly kept: boolean
}

/** How well changes of an export can be seen, and so told. */
export interface ExportCoherence {
  readonly path: string
  readonly coherence: 'complete' | 'partial' | 'none'
  /** What cannot be seen. */
  readonly why: string
}

/** What the watching of file systems counts (native/appliance/src/coherence). */
export interface WatchFigures {
  /** Now. */
  readonly knownHandles: number
  readonly notices: number
  readonly resyncs: number
  readonly events: number
  readonly overflows: number
}

export interface NativeSideChannel {
  /** A part of a device, all of it from `offset` on without `bytes`. Answers its bytes; throws what is wrong with it. */
  addDevice(path: string, offset: number, bytes: number | undefined): number
  /** Throw with `code` EADDRINUSE, EACCES, EADDRNOTAVAIL or EIO. */
  listenLocally(path: string): void
  listenTcp(address: string, port: number): number
  admits(path: string, address: string, privilegedPort: boolean): boolean
  refuse(id: number, text: string): void
  /** Of the device of that number, or a memory file of so many bytes. Rejects with what is wrong with it. */
  prepare(
    id: number,
    device: number | undefined,
    bytes: number,
    instance: string | undefined,
    keep: boolean,
  ): Promise<PreparedRegion>
  /** Answers, and begins the session of the same number. Throws if there is none then. */
  start(id: number, text: string, address: string, privilegedPort: boolean, spinMicroseconds: number): void
  coherence(): ExportCoherence[]
  watching(): WatchFigures
  isGone(id: number): boolean
  figures(id: number): SideChannelFigures | null
  /** `ended` follows. */
  end(id: number): void
  /** After `ended`. */
  forget(id: number): void
  stopListening(): void
  close(): void
}
