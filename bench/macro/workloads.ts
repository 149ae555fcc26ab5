import type { Sizes, Workload } from './workload.ts'
import { build } from './workloads/build.ts'
import { find } from './workloads/find.ts'
import { gitCheckout } from './workloads/git-checkout.ts'
import { gitStatus } from './workloads/git-status.ts'
import { grep } from './workloads/grep.ts'
import { randomRead, randomWrite } from './workloads/random.ts'
import { rm } from './workloads/rm.ts'
import { sequentialRead, sequentialWrite } from './workloads/sequential.ts'
import { sqliteInsert, sqliteSelect } from './workloads/sqlite.ts'
import { unpack } from './workloads/unpack.ts'

/** In the order in which they run. */
export function workloads(sizes: Sizes): Workload[] {
  return [
    ...[unpack, find, grep, gitStatus, gitCheckout, build, rm],
    ...[sqliteInsert(sizes), sqliteSelect],
    ...[sequentialWrite(sizes), sequentialRead(sizes), randomRead(sizes), randomWrite(sizes)],
  ]
}
