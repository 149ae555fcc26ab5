/** The user land of the clients: a Debian root with the project and the programs of the workloads. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DebianRootExtras, debianRoot } from '../../test/vm/debian-root.ts'
import { makeProject } from './project.ts'
import type { Sizes } from './workload.ts'

export async function clientRoot(sizes: Sizes, scripts: DebianRootExtras['scripts'] = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fsva-project-'))
  try {
    const tarPath = join(directory, 'project.tar')
    await makeProject(join(directory, 'project'), tarPath, sizes)
    const programs = [join(import.meta.dirname, 'random-io.c')]
    return await debianRoot({ programs, files: { '/root/project.tar': tarPath }, scripts })
  } finally {
    await rm(directory, { recursive: true })
  }
}
