import { XdrWriter } from '../xdr/writer.ts'
import type { CallerCache } from './auth.ts'
import type { Peer } from './dispatch.ts'

/** A reply is begun and ended without anything in between, so all recorders write to the same memory. */
const sharedWriter = new XdrWriter()

/** Stands in for a peer while a reply is made that has to be kept before it is sent. */
export class ReplyRecorder implements Peer {
  readonly callers: CallerCache
  readonly transport: 'tcp' | 'udp'
  readonly localAddress: string
  /** The reply message, once there is one. */
  message: Uint8Array | undefined

  constructor(peer: Peer) {
    this.callers = peer.callers
    this.transport = peer.transport
    this.localAddress = peer.localAddress
  }

  beginReply(): XdrWriter {
    sharedWriter.reset()
    return sharedWriter
  }

  endReply(): void {
    this.message = sharedWriter.bytes()
  }

  abandonReply(): void {
    this.message = undefined
  }
}

/** Sends a reply message that is there already. */
export function replay(message: Uint8Array, peer: Peer): void {
  const writer = peer.beginReply()
  if (writer === undefined) return
  writer.writeFixedOpaque(message, message.byteLength)
  peer.endReply()
}
