import type { Workload } from '../workload.ts'

/** Looks at the attributes of every file. */
export const find: Workload = {
  name: 'find',
  run: 'test -z "$(find repository -type f -newermt 2999-01-01)"',
}
