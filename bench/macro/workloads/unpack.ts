import type { Workload } from '../workload.ts'

export const unpack: Workload = {
  name: 'unpack',
  before: 'rm -rf unpacked',
  run: 'mkdir unpacked && tar -C unpacked -xf /tmp/project.tar',
  after: 'rm -r unpacked',
}
