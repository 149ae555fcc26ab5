/** A besieged server: who is served meanwhile, and what it holds. docs/fsva-nfsd.8.md, MEMORY. */
import { assaults, besiegedLimits } from '../fixtures/overload/assaults.ts'
import { residentBytesMax } from '../fixtures/overload/bound.ts'
import { type AssaultFigures, besiege, leftOver } from '../fixtures/overload/siege.ts'
import { type SoakPart, scaled } from './part.ts'

const memoryBytesMax = 512 << 20
const mib = (bytes: number) => Math.round(bytes / 2 ** 20)
const ms = (value: number) => (value < 10 ? value.toFixed(1) : Math.round(value))

function row({ name, far, near, tally, residentBytes, accountedBytes }: AssaultFigures) {
  const times = [far, near].flatMap(({ calls, p50, p99, max }) => [calls, ms(p50), ms(p99), ms(max)])
  return [name, ...times, tally?.replies ?? 0, mib(accountedBytes), mib(residentBytes)]
}

export const part: SoakPart = {
  name: 'overload',
  title: 'Overload',
  summary:
    'One server process, attacked by others in ten ways, one after the other, while two witnesses create, write, read and ' +
    'remove files: one with an address of its own ("far"), one with an address of the attacker\'s ("near"). Every answer ' +
    'is checked and has to come within 60 s; how long they take is reported.',
  async run({ scale, progress }) {
    const limits = { ...besiegedLimits, memory_bytes_max: memoryBytesMax }
    const seconds = scaled({ scale, progress }, 10)
    const figures = await besiege({ limits, idleSeconds: seconds, assaults: assaults(1, seconds), progress })
    const bound = residentBytesMax(memoryBytesMax)
    const held = Math.max(...figures.assaults.map(({ accountedBytes }) => accountedBytes))
    const failures = [...figures.wrong]
    if (held > memoryBytesMax) failures.push(`${mib(held)} MiB were held`)
    if (figures.residentPeakBytes > bound) {
      failures.push(`${mib(figures.residentPeakBytes)} MiB were resident, not ${mib(bound)}`)
    }
    failures.push(...leftOver(figures))
    return {
      paragraphs: [
        `limits.memory_bytes_max was ${mib(memoryBytesMax)} MiB, of which at most ${mib(held)} were held. At most ` +
          `${mib(figures.residentPeakBytes)} MiB of the process were resident; stated are ${mib(bound)} (the limit, half ` +
          `of it for what is not collected yet, and 448 for the program itself). Afterwards connections, sockets, calls and what they hold were as before.`,
        'Attackers and witnesses shared the machine with the server. Times in milliseconds, memory in MiB.',
      ],
      tables: [
        {
          caption: '',
          columns: [
            'attack',
            ...['far', 'near'].flatMap((who) => [`${who}: calls`, 'p50', 'p99', 'max']),
            'replies to attackers',
            'held',
            'resident',
          ],
          rows: [figures.idle, ...figures.assaults].map(row),
        },
      ],
      failures,
    }
  },
}
