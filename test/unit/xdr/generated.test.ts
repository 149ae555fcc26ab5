import t from 'tap'
import { protocolCases, protocols } from './codec-cases.ts'
import { forAll, refusesTruncation, roundTrips, survivesCorruption } from './codec-properties.ts'

for (const protocol of protocols) {
  const cases = await protocolCases(protocol)
  t.test(`${protocol}: values survive the trip, as the bytes of the RFC`, async (t) => {
    forAll(t, cases, roundTrips, 40)
  })
  t.test(`${protocol}: every truncation of every message is an XdrError`, async (t) => {
    forAll(t, cases, refusesTruncation, 8)
  })
  t.test(`${protocol}: corrupted messages decode to something or are an XdrError`, async (t) => {
    forAll(t, cases, survivesCorruption, 15)
  })
}
