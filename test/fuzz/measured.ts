/**
 * Loaded into the server before everything else: at SIGUSR2 it collects its garbage and writes down what is left, to
 * the file in FSVA_FUZZ_MEASURE. With FSVA_FUZZ_LEAK it loses that many bytes per call, which a test of the
 * leak detector must see: the dispatcher reads the clock once when a call begins and once when it has ended.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const file = process.env.FSVA_FUZZ_MEASURE
const leakBytes = Number(process.env.FSVA_FUZZ_LEAK ?? 0)

if (file !== undefined) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  process.on('SIGUSR2', () => {
    collect()
    collect()
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()))
    renameSync(`${file}.new`, file)
  })
}

if (leakBytes > 0) {
  const lost: Uint8Array[] = []
  const now = performance.now.bind(performance)
  performance.now = () => {
    lost.push(new Uint8Array(leakBytes / 2).fill(1))
    return now()
  }
}
