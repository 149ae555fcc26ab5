/** Connections that break off, lie about lengths or send what is no call: each one's own, for the server to end. */
import { callMessage, HostilePeer, mark, record } from '../fixtures/hostile-peer.ts'
import type { Ledger } from './ledger.ts'
import type { FuzzRecord } from './records.ts'

const endMsMax = 120_000
/** NULL of the port mapper, MOUNT and NFS. */
const programs = { portmap: [100_000, 2], mount: [100_005, 3], nfs: [100_003, 3] } as const

/** Sends the record so that no reply to it is due, and waits for the end of the connection. */
export async function sendBroken(ledger: Ledger, sent: FuzzRecord, port: number): Promise<void> {
  const { random, message, expectation } = sent
  const peer = await HostilePeer.connect(port)
  const [program, version] = programs[sent.service]
  const call = callMessage(0x7a7a_7a7a, program, version, 0)
  const asksFirst = random.chance(0.5)
  const isMessageBroken = expectation.kind === 'nothing'
  const how = isMessageBroken ? 'whole' : random.pick(ways)
  if (asksFirst) {
    await peer.send(record(call))
    // What is still on its way to a peer that is cut off may be lost.
    if (how !== 'half-closed') await peer.waitForReplies(1)
  }
  switch (how) {
    case 'whole':
      await peer.send(record(message))
      break
    case 'cut short':
      await peer.send(record(message).subarray(0, 1 + random.below(message.length + 3)))
      peer.socket.end()
      break
    case 'reset':
      await peer.send(record(message).subarray(0, 1 + random.below(message.length + 3)))
      peer.socket.resetAndDestroy()
      break
    case 'too long':
      await peer.send(Buffer.concat([mark(random.pick([0x7fff_ffff, 0x0020_0000])), message]))
      break
    case 'too many fragments':
      await peer.send(Buffer.concat([...Array.from({ length: 2100 }, () => mark(0, false)), message]))
      break
    case 'never last':
      await peer.send(Buffer.concat([mark(message.length, false), message]))
      peer.socket.end()
      break
    case 'noise':
      await peer.send(random.bytes(4 + random.below(4096)))
      peer.socket.end()
      break
    case 'half-closed':
      peer.socket.end()
  }
  await ended(peer, ledger, sent, how)
  const replies = peer.replies()
  const isAnswered = replies[0]?.readUInt32BE(0) === 0x7a7a_7a7a
  if (asksFirst && !isAnswered) ledger.report(`a good call before (${how}) was not answered`, sent)
  if (isMessageBroken && replies.length > (asksFirst ? 1 : 0)) ledger.report('an answer to no call', sent)
}

const ways = [
  'cut short',
  'reset',
  'too long',
  'too many fragments',
  'never last',
  'noise',
  'half-closed',
] as const

async function ended(peer: HostilePeer, ledger: Ledger, sent: FuzzRecord, how: string): Promise<void> {
  const timer = setTimeout(() => {
    ledger.report(`the connection (${how}) was not ended in ${endMsMax / 1000} s`, sent)
    peer.destroy()
  }, endMsMax)
  await peer.closed
  clearTimeout(timer)
}
