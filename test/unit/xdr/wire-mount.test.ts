/** MOUNT messages spelled out from RFC 1813, section 5, and RFC 1094, appendix A. */
import t from 'tap'
import {
  MOUNT_PROGRAM,
  MOUNT_V1,
  MOUNT_V1_PROCEDURES,
  MOUNT_V3,
  MOUNT_V3_PROCEDURES,
  mountstat3,
} from '../../../nfs-server/xdr/generated/mount.ts'
import { argumentsBothWays, ascii, octets, resultBothWays } from './wire.ts'

const path = ascii('/export')
const pathWire = '00000007 2f657870 6f727400'

t.test('numbers', async (t) => {
  t.same([MOUNT_PROGRAM, MOUNT_V1, MOUNT_V3], [100005, 1, 3])
  for (const table of [MOUNT_V1_PROCEDURES, MOUNT_V3_PROCEDURES]) {
    const numbers = Object.values(table).map((procedure) => procedure.number)
    t.same(numbers, [0, 1, 2, 3, 4, 5])
  }
})

t.test('version 1', async (t) => {
  const p = MOUNT_V1_PROCEDURES
  argumentsBothWays(t, p.MOUNTPROC_MNT, pathWire, path)
  const handle = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
  const words = handle.replace(/(.{8})/g, '$1 ')
  resultBothWays(t, p.MOUNTPROC_MNT, `00000000 ${words}`, { status: 0, directory: octets(handle) })
  resultBothWays(t, p.MOUNTPROC_MNT, '0000000d', { status: 13 })
})

t.test('version 3', async (t) => {
  const p = MOUNT_V3_PROCEDURES
  argumentsBothWays(t, p.MOUNTPROC3_UMNT, pathWire, path)
  const mounted = '00000000 00000002 abcd0000 00000002 00000001 00000000'
  resultBothWays(t, p.MOUNTPROC3_MNT, mounted, {
    fhs_status: mountstat3.MNT3_OK,
    mountinfo: { fhandle: octets('abcd'), auth_flavors: [1, 0] },
  })
  resultBothWays(t, p.MOUNTPROC3_MNT, '00002714', { fhs_status: mountstat3.MNT3ERR_NOTSUPP })
})

t.test('the lists that both versions share', async (t) => {
  const dump = `00000001 00000003 76303100 ${pathWire} 00000000`
  const mounts = [{ ml_hostname: ascii('v01'), ml_directory: path }]
  resultBothWays(t, MOUNT_V1_PROCEDURES.MOUNTPROC_DUMP, dump, mounts)
  resultBothWays(t, MOUNT_V3_PROCEDURES.MOUNTPROC3_DUMP, dump, mounts)
  const exported = `
    00000001 ${pathWire}
    00000001 00000002 61620000 00000001 00000001 2a000000 00000000   # groups "ab", "*"
    00000001 00000001 2f000000 00000000                              # "/" for everybody
    00000000`
  resultBothWays(t, MOUNT_V3_PROCEDURES.MOUNTPROC3_EXPORT, exported, [
    { ex_dir: path, ex_groups: [{ gr_name: ascii('ab') }, { gr_name: ascii('*') }] },
    { ex_dir: ascii('/'), ex_groups: [] },
  ])
})
