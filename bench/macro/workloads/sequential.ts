import type { Sizes, Workload } from '../workload.ts'

/** Ends when it is durable. */
export const sequentialWrite = ({ mebibytes }: Sizes): Workload => ({
  name: 'sequential write',
  before: 'rm -f written',
  run: `dd if=/dev/zero of=written bs=1M count=${mebibytes} conv=fsync status=none`,
  after: 'rm written',
})

export const sequentialRead = ({ mebibytes }: Sizes): Workload => ({
  name: 'sequential read',
  before: `dd if=/dev/zero of=read bs=1M count=${mebibytes} conv=fsync status=none`,
  run: 'dd if=read of=/dev/null bs=1M status=none',
  after: 'rm read',
})
