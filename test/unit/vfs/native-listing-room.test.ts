import t from 'tap'
import { answerLayout } from '../../../native/answer-layout.ts'
import { discard, hold, release, takePiece } from '../../../nfs-server/rpc/buffer-pool.ts'
import { ListingRoom } from '../../../nfs-server/vfs/native-listing-room.ts'

t.test('a listing keeps its bytes until it has been sent, whatever is listed after it', async (t) => {
  const room = new ListingRoom(takePiece)
  const list = (index: number) => {
    const offered = room.offer()
    t.ok(offered.length >= answerLayout.inlineListingBytesMax)
    // All of it may be written before it is known how much is a listing.
    offered.fill(index, 0, answerLayout.inlineListingBytesMax)
    return room.take(index * 50)
  }
  const sent = list(1)
  const held = hold(sent)
  const listings = Array.from({ length: 200 }, (_, index) => list(index))
  for (const [index, listing] of listings.entries()) {
    t.equal(listing.length, index * 50)
    t.ok(listing.every((byte) => byte === index))
  }
  t.ok(sent.every((byte) => byte === 1))
  const memory = new Set(listings.map((listing) => listing.buffer))
  for (const listing of listings) discard(listing)
  release(held)
  t.ok(memory.has(list(0).buffer) || memory.has(list(0).buffer), 'then it is used again')
})

t.test('what was offered and not taken is offered again', async (t) => {
  const room = new ListingRoom(takePiece)
  const first = room.offer()
  t.equal(room.offer(), first)
  room.take(1)
  t.not(room.offer(), first)
})
