import t from 'tap'
import { percentile, roundTrips } from '../../../fsva-client/agent/round-trips.ts'
import { statsShown } from '../../../fsva-client/agent/stats-shown.ts'

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
t.equal(roundTrips(hundred), '100 calls; min/avg/max/p50/p99 = 1.00/50.50/100.00/50.00/99.00 us')
t.equal(roundTrips([2.345]), '1 call; min/avg/max/p50/p99 = 2.35/2.35/2.35/2.35/2.35 us')
t.equal(percentile([1, 2], 50), 1)
t.equal(percentile([1, 2], 99), 2)

const status = {
  options: {
    mountPoint: '/mnt',
    rendezvous: { server: '10.0.0.1', port: 2050, device: '/dev/dax0.0' },
    dataSocket: undefined,
    pushes: true,
  },
  pid: 17,
  supervised: false,
  channel: 'down' as const,
  failure: 'nobody there',
  dataSocket: '/run/fsva/agent.sock',
}

t.equal(
  statsShown({ status, channel: null }),
  `mount point   /mnt
channel       down: nobody there
server        10.0.0.1 port 2050 (/dev/dax0.0)
pushes        on
for programs  /run/fsva/agent.sock
agent         process 17`,
)

t.equal(
  statsShown({
    status: { ...status, channel: 'up' as const },
    channel: {
      epoch: 3,
      bytesRead: 1048576,
      calls: {
        read: { count: 12, p50: 0.8, p99: 1.25 },
        write: { count: 0, p50: null, p99: null },
        getattr: { count: 1234567, p50: 0.5, p99: 10 },
      },
      hints: {},
    },
  })
    .split('\n')
    .slice(7)
    .join('\n'),
  `epoch       3
bytes read  1048576

calls
             count   p50   p99
  read          12  0.80  1.25
  getattr  1234567  0.50    10

hints
  nothing yet`,
)
