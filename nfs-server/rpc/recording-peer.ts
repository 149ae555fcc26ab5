import { XdrWriter } from '../xdr/writer.ts'
import type { CallerCache } from './auth.ts'
import type { Peer } from './dispatch.ts'
import type { ReplyCache } from './program.ts'

/** A reply is begun and ended without anything in between, so all peers that are gone share one writer. */
const writerForNobody = new XdrWriter()

/** The peer of a call that is in the reply cache: the cache gets the reply before the peer does, and if it is gone, too. */
export class RecordingPeer implements Peer {
  readonly callers: CallerCache
  readonly transport: 'tcp' | 'udp'
  readonly localAddress: string
  readonly #peer: Peer
  readonly #cache: ReplyCache
  readonly #number: number
  #writer: XdrWriter = writerForNobody
  #start = 0
  #hasEnded = false

  constructor(peer: Peer, cache: ReplyCache, number: number) {
    this.callers = peer.callers
    this.transport = peer.transport
    this.localAddress = peer.localAddress
    this.#peer = peer
    this.#cache = cache
    this.#number = number
  }

  beginReply(): XdrWriter {
    const writer = this.#peer.beginReply()
    if (writer === undefined) writerForNobody.reset()
    this.#writer = writer ?? writerForNobody
    this.#start = this.#writer.byteLength
    return this.#writer
  }

  endReply(): void {
    this.#hasEnded = true
    this.#cache.end(this.#number, this.#writer.since(this.#start))
    if (this.#writer !== writerForNobody) this.#peer.endReply()
  }

  abandonReply(): void {
    if (this.#writer !== writerForNobody) this.#peer.abandonReply()
  }

  /** The call has come to its end, perhaps without a reply. */
  ended(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#cache.end(this.#number, undefined)
  }
}

/** Sends a reply message that is there already. */
export function replay(message: Uint8Array, peer: Peer): void {
  const writer = peer.beginReply()
  if (writer === undefined) return
  writer.writeFixedOpaque(message, message.byteLength)
  peer.endReply()
}
