import type { Sizes, Workload } from '../workload.ts'

const make = (mebibytes: number) =>
  `dd if=/dev/zero of=random bs=1M count=${mebibytes} conv=fsync status=none`

/** Pages of 4 KiB in an order without pattern, one after the other. */
export const randomRead = ({ mebibytes, randomOperations }: Sizes): Workload => ({
  name: 'random read',
  before: make(mebibytes),
  run: `random-io read random ${randomOperations}`,
  after: 'rm random',
})

/** The same, written; ends when all of it is durable. */
export const randomWrite = ({ mebibytes, randomOperations }: Sizes): Workload => ({
  name: 'random write',
  before: make(mebibytes),
  run: `random-io write random ${randomOperations}`,
  after: 'rm random',
})
