import type { Workload } from '../workload.ts'

export const gitCheckout: Workload = {
  name: 'git checkout',
  run: 'cd repository && git checkout -q side',
  after: 'cd repository && git checkout -q main',
}
