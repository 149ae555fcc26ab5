import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type SetupRequest, setUpDevice } from '../../../fsva-client/device/setup-device.ts'
import { FakePmemKernel } from '../../fixtures/fake-pmem-kernel.ts'

const request: SetupRequest = { namespace: undefined, bytesMin: 1, force: false }
const uuid = /^dax0\.0\/uuid=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function boot(t: Test): FakePmemKernel {
  return FakePmemKernel.boot(t.testdir({}))
}

async function setUp(kernel: FakePmemKernel, wanted: Partial<SetupRequest> = {}) {
  const reported: string[] = []
  const device = await setUpDevice(kernel, { ...request, ...wanted }, (line) => reported.push(line))
  return { device, reported }
}

t.test('a disk becomes a device', async (t) => {
  const kernel = boot(t)
  const { device, reported } = await setUp(kernel)
  t.same(device, { path: '/dev/dax0.0', bytes: 62 * 1024 ** 2 })
  t.same(kernel.loaded, ['nfit', 'virtio_pmem', 'nd_pmem', 'dax_pmem', 'device_dax'])
  t.match(kernel.writes, [
    'nd_pmem/unbind=namespace0.0',
    'nd_pmem/bind=namespace0.0',
    'nd_pmem/unbind=namespace0.0',
    'dax0.0/align=2097152',
    'dax0.0/mode=ram',
    uuid,
    'dax0.0/namespace=namespace0.0',
    'dax_pmem/bind=dax0.0',
  ])
  t.equal(reported[0], 'namespace0.0 has 67108864 bytes')
  t.equal(reported.length, 1 + kernel.writes.length, 'everything it does is told')

  kernel.writes.length = 0
  t.same(await setUp(kernel), {
    device,
    reported: ['namespace0.0 has 67108864 bytes', 'dax0.0 is there already'],
  })
  t.same(kernel.writes, [], 'and then it is done')
})

t.test('the other VM was first', async (t) => {
  const kernel = boot(t)
  kernel.noteOfOther()
  t.match(await setUp(kernel), { device: { path: '/dev/dax0.0' } })
  t.same(kernel.writes, ['nd_pmem/unbind=namespace0.0', 'nd_pmem/bind=namespace0.0'], 'its note holds')
})

t.test('both at once', async (t) => {
  const kernel = boot(t)
  kernel.otherIsFaster = true
  t.match(await setUp(kernel), { device: { path: '/dev/dax0.0' } })
  t.same(kernel.writes.slice(-3), ['dax_pmem/bind=dax0.0', 'dax0.0/namespace=', 'nd_pmem/bind=namespace0.0'])
})

t.test('what somebody began is ended', async (t) => {
  const kernel = boot(t)
  kernel.write('/sys/bus/nd/drivers/nd_pmem/unbind', 'namespace0.0')
  kernel.write('/sys/bus/nd/devices/dax0.0/mode', 'ram')
  kernel.write('/sys/bus/nd/devices/dax0.0/namespace', 'namespace0.0')
  kernel.writes.length = 0
  t.match(await setUp(kernel), { device: { path: '/dev/dax0.0' } })
  t.same(kernel.writes, ['dax_pmem/bind=dax0.0'])
})

t.test('memory that is in use stays as it is', async (t) => {
  const untouched = async (
    kernel: FakePmemKernel,
    wanted: { exitCode?: number; message: RegExp; advice?: RegExp },
  ) => {
    await t.rejects(setUp(kernel), wanted)
    t.same(kernel.writes, [])
  }
  const full = boot(t)
  const disk = new Uint8Array(256 * 1024)
  disk[0x10040] = 1
  full.file('/dev/pmem0', disk)
  await untouched(full, { exitCode: 9, message: /holds data/, advice: /--force/ })
  t.match(await setUp(full, { force: true }), { device: { path: '/dev/dax0.0' } })

  const mounted = FakePmemKernel.boot(t.testdir({}))
  mounted.file('/proc/self/mountinfo', '30 1 259:0 / /data rw - ext4 /dev/pmem0 rw\n')
  await untouched(mounted, { exitCode: 9, message: /pmem0 is mounted on \/data/ })
  await t.rejects(setUp(mounted, { force: true }), { message: /is mounted/ }, 'even by force')

  const part = FakePmemKernel.boot(t.testdir({}))
  part.file('/sys/bus/nd/devices/namespace0.0/block/pmem0/holders/dm-0', '')
  await untouched(part, { message: /part of dm-0/ })

  const other = FakePmemKernel.boot(t.testdir({}))
  other.file('/sys/bus/nd/devices/namespace0.0/holder', 'btt0.0')
  await untouched(other, { message: /in use by btt0\.0/, advice: /ndctl/ })
})

t.test('errors say what to do', async (t) => {
  const small = boot(t)
  await t.rejects(setUp(small, { bytesMin: 1024 ** 3 }), {
    exitCode: 9,
    message: "/dev/dax0.0 has 65011712 bytes of the namespace's 67108864, but 1073741824 are wanted",
    advice: /at least 1075838976 bytes/,
  })

  const several = FakePmemKernel.boot(t.testdir({}))
  several.addNamespace('namespace1.0', 1024 ** 2)
  await t.rejects(setUp(several), { exitCode: 2, message: /several: namespace0\.0, namespace1\.0/ })
  await t.rejects(setUp(several, { namespace: 'namespace0.1' }), { exitCode: 2, message: /no namespace0\.1/ })
  t.match(await setUp(several, { namespace: 'namespace0.0' }), { device: { path: '/dev/dax0.0' } })

  const none = FakePmemKernel.boot(t.testdir({}))
  none.addNamespace('namespace0.0', 0)
  await t.rejects(setUp(none), { exitCode: 9, message: /no persistent memory/, advice: /virtio-pmem-pci/ })

  await t.rejects(setUp(new FakePmemKernel(t.testdir({}))), {
    exitCode: 7,
    message: /no \/sys\/bus\/nd\/devices, no .*nd_pmem, no .*dax_pmem/,
  })
})

t.test('when the kernel refuses, the disk comes back', async (t) => {
  for (const [attribute, code, exitCode] of [
    ['mode', 'EBUSY', 1],
    ['uuid', 'EACCES', 6],
  ] as const) {
    const kernel = FakePmemKernel.boot(t.testdir({}))
    kernel.failures.set(`/sys/bus/nd/devices/dax0.0/${attribute}`, code)
    await t.rejects(setUp(kernel), { exitCode, message: new RegExp(attribute) })
    t.ok(kernel.exists('/dev/pmem0'))
    t.ok(readdirSync(join(kernel.root, 'sys/bus/nd/drivers/nd_pmem')).includes('namespace0.0'))
  }
})
