import type { Workload } from '../workload.ts'

export const grep: Workload = {
  name: 'grep',
  run: 'test "$(grep -rl "value0 =" repository/tree | wc -l)" -gt 0',
}
