import type { Workload } from '../workload.ts'

export const rm: Workload = {
  name: 'rm -r',
  before: 'rm -rf doomed && mkdir doomed && tar -C doomed -xf /tmp/project.tar',
  run: 'rm -r doomed',
}
