import t from 'tap'
import { answerLayout } from '../../../native/answer-layout.ts'
import { ListingRoom } from '../../../nfs-server/vfs/native-listing-room.ts'

t.test('a listing keeps its bytes, whatever is listed after it', async (t) => {
  const room = new ListingRoom()
  const listings = Array.from({ length: 200 }, (_, index) => {
    const offered = room.offer()
    t.ok(offered.length >= answerLayout.inlineListingBytesMax)
    // All of it may be written before it is known how much is a listing.
    offered.fill(index, 0, answerLayout.inlineListingBytesMax)
    return room.take(index * 50)
  })
  for (const [index, listing] of listings.entries()) {
    t.equal(listing.length, index * 50)
    t.ok(listing.every((byte) => byte === index))
  }
})

t.test('what was offered and not taken is offered again', async (t) => {
  const room = new ListingRoom()
  const first = room.offer()
  t.equal(room.offer().byteOffset, first.byteOffset)
  t.equal(room.offer().buffer, first.buffer)
})
