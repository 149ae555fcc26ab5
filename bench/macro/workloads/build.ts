import type { Workload } from '../workload.ts'

export const build: Workload = {
  name: 'build',
  run: 'cd repository && make -s -j2 && ./program',
  after: 'cd repository && make -s clean',
}
