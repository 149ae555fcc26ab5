/** What the server keeps of files that were used once. */
import { join } from 'node:path'
import { walk } from './generators.ts'
import { makeManyFiles } from './many-files.ts'
import { type GrowthOptions, isReached, type Measurement, mebibytes, type Point } from './point.ts'
import { startServer } from './server.ts'

const targetBytes = 150 << 20
const sampleMs = 50
/** What V8 keeps of garbage differs from one walk to the next: the highest of so many counts. */
const walks = 3

export const manyFilesTouched: Measurement = { name: 'files touched', measure }

async function measure({ scratch, isQuick }: GrowthOptions): Promise<readonly Point[]> {
  const files = isQuick ? 2000 : 1_000_000
  const directory = join(scratch, 'many')
  makeManyFiles(directory, files)
  const server = await startServer([directory], scratch)
  try {
    const idle = server.residentBytes()
    let highest = idle
    const sampler = setInterval(() => {
      highest = Math.max(highest, server.residentBytes())
    }, sampleMs)
    for (let walked = 0; walked < (isQuick ? 1 : walks); walked++) {
      await walk({ server, directory }, 'touch', ['--files', files])
    }
    clearInterval(sampler)
    const afterwards = server.residentBytes()
    highest = Math.max(highest, afterwards)
    const above = highest - idle
    return [
      {
        what: `resident memory while ${files} files get a LOOKUP, a GETATTR and a READ each`,
        target: `under ${mebibytes(targetBytes)} above idle`,
        measured: `at most ${mebibytes(above)} above idle (${mebibytes(idle)})`,
        met: isReached(above < targetBytes, isQuick),
        figures: { files, idle_bytes: idle, highest_bytes: highest, afterwards_bytes: afterwards },
      },
    ]
  } finally {
    await server.stop()
  }
}
