/**
 * A server besieged by more than it can serve at once: those who behave are served all along, what it holds stays within
 * limits.memory_bytes_max, and afterwards nothing is left.
 */
import t from 'tap'
import { assaults, besiegedLimits } from '../fixtures/overload/assaults.ts'
import { residentBytesMax } from '../fixtures/overload/bound.ts'
import { besiege, leftOver, type SiegeFigures } from '../fixtures/overload/siege.ts'

// Only against hanging; the machine may be busy.
t.setTimeout(600_000)

const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`
const memoryBytesMax = 256 << 20

function report(figures: SiegeFigures): string[] {
  return [figures.idle, ...figures.assaults].map(({ name, far, near, tally, ...bytes }) => {
    const times = [far, near].map(({ p50, p99, max }) => [p50, p99, max].map(Math.round).join('/'))
    const done = tally === undefined ? '' : `; ${tally.replies} replies, ${tally.closed} cut off`
    const memory = `${mib(bytes.accountedBytes)} held, ${mib(bytes.residentBytes)} resident`
    return `${name}: witnesses p50/p99/max ms ${times.join(' and ')}; ${memory}${done}`
  })
}

t.test('a siege', async (t) => {
  const limits = { ...besiegedLimits, memory_bytes_max: memoryBytesMax }
  const figures = await besiege({ limits, idleSeconds: 1, assaults: assaults(1, 1.5) })
  for (const line of report(figures)) t.comment(line)
  t.same(figures.wrong, [], 'the witnesses were answered right, and within a minute')
  for (const { name, far, near } of figures.assaults) {
    t.ok(
      far.calls + near.calls > 0,
      `${name}: ${far.calls} and ${near.calls} calls of the witnesses answered`,
    )
  }
  t.same(leftOver(figures), [], 'nothing is left of it')
  const held = Math.max(...figures.assaults.map(({ accountedBytes }) => accountedBytes))
  t.ok(held <= memoryBytesMax, `at most ${mib(held)} were held`)
  const bound = residentBytesMax(memoryBytesMax)
  t.ok(figures.residentPeakBytes <= bound, `${mib(figures.residentPeakBytes)} resident of ${mib(bound)}`)
})

t.test('without the bound the memory is not there', async (t) => {
  const limits = { ...besiegedLimits, memory_bytes_max: 4 * 2 ** 30 }
  const bound = residentBytesMax(memoryBytesMax)
  let most = 0
  // On a busy machine the attackers take longer.
  for (let seconds = 3; most <= bound && seconds < 100; seconds *= 3) {
    const greedy = assaults(0.2, seconds).filter(({ kind }) => kind === 'slowReaders')
    const figures = await besiege({ limits, idleSeconds: 0, assaults: greedy })
    most = Math.max(most, figures.residentPeakBytes)
    t.comment(report(figures).at(-1)!)
  }
  t.ok(most > bound, `${mib(most)} resident, not ${mib(bound)}`)
})
