import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseCommandLine } from '../../../nfs-server/command-line.ts'
import { buildSettings } from '../../../nfs-server/config/build-settings.ts'
import { parseConfig } from '../../../nfs-server/config/load-config.ts'
import { defaultRpcLimits } from '../../../nfs-server/rpc/limits.ts'
import { ServerLoad } from '../../../nfs-server/rpc/server-load.ts'
import { memoryShareBytesMin, shareOf, workersMax, wrongShare } from '../../../nfs-server/workers/shares.ts'

t.test('all shares together are never more than the whole', async (t) => {
  for (let loops = 1; loops <= workersMax; loops++) {
    const limits = { ...defaultRpcLimits, callsMax: 1001, memoryBytesMax: (64 << 20) + 7 }
    const share = shareOf(limits, loops)
    t.ok(share.callsMax * loops <= limits.callsMax && share.callsMax > 0)
    t.ok(share.memoryBytesMax * loops <= limits.memoryBytesMax)
    t.equal(share.connectionsMax, limits.connectionsMax, 'of these there is one count')
    t.equal(share.bytesPerConnectionMax, limits.bytesPerConnectionMax)
  }
  t.same(shareOf(defaultRpcLimits, 1), defaultRpcLimits)
})

t.test('what is too little to be shared out', async (t) => {
  for (const workers of [2, workersMax]) {
    const enough = { ...defaultRpcLimits, memoryBytesMax: workers * memoryShareBytesMin, callsMax: workers }
    t.equal(wrongShare(enough, workers), undefined)
    t.equal(
      wrongShare({ ...enough, memoryBytesMax: enough.memoryBytesMax - 1 }, workers)?.limit,
      'memoryBytesMax',
    )
    t.equal(wrongShare({ ...enough, callsMax: workers - 1 }, workers)?.limit, 'callsMax')
  }
  t.equal(wrongShare({ ...defaultRpcLimits, memoryBytesMax: 1, callsMax: 1 }, 1), undefined)
})

t.test('connections are counted whoever serves them', async (t) => {
  const limits = { ...defaultRpcLimits, connectionsMax: 5, connectionsPerAddressMax: 3 }
  const load = new ServerLoad(limits)
  load.connectionOpened('a')
  load.connectionHandedOver('a')
  t.equal(load.refusal('a'), undefined)
  load.connectionHandedOver('a')
  t.match(load.refusal('a'), /from this address/)
  load.connectionHandedOver('b')
  t.equal(load.refusal('b'), undefined)
  load.connectionHandedOver('b')
  t.match(load.refusal('c'), /too many connections$/)
  load.connectionEndedElsewhere('a')
  t.equal(load.refusal('c'), undefined)
  t.equal(load.refusal('a'), undefined)
  load.connectionClosed('a')
  load.connectionEndedElsewhere('a')
  load.sweep()
  load.connectionHandedOver('a')
  t.equal(load.refusal('a'), undefined, 'nothing is left of those that have ended')
})

t.test('what is handed over takes no memory here', async (t) => {
  const load = new ServerLoad({ ...defaultRpcLimits, connectionsMax: 1 << 20, memoryBytesMax: 64 << 20 })
  for (let connection = 0; connection < 10_000; connection++) load.connectionHandedOver(`${connection}`)
  t.equal(load.bytes, 0)
  t.equal(load.memoryRefusal(), undefined)
  while (load.memoryRefusal() === undefined) load.connectionOpened('a')
  t.ok(load.bytes <= 32 << 20)
})

t.test('settings', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fsva-workers-settings-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const build = (...args: string[]) =>
    buildSettings(parseCommandLine(['--export', directory, ...args], '1').settings, {}, 0).settings
  t.equal(build().workers, 1)
  t.equal(build('--workers', '16').workers, 16)
  const file = (text: string) => parseConfig(`exports: [{ path: ${directory} }]\n${text}`, 'x.yaml')
  t.equal(file('workers: 3').config.workers, 3)
  for (const wrong of ['0', '17', '1.5', 'many']) {
    t.throws(() => file(`workers: ${wrong}`), /workers must be a whole number from 1 to 16/, wrong)
  }
})
