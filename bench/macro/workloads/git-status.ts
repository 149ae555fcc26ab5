import type { Workload } from '../workload.ts'

export const gitStatus: Workload = {
  name: 'git status',
  run: 'cd repository && test -z "$(git status --porcelain)"',
}
