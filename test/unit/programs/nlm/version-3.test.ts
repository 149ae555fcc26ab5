import t from 'tap'
import { statusBeforeVersion4, statusFromErrno } from '../../../../nfs-server/programs/nlm/status.ts'
import { testResultFor } from '../../../../nfs-server/programs/nlm/version-3.ts'
import { errno } from '../../../../nfs-server/vfs/errno.ts'
import { nlm_stats, nlm4_stats } from '../../../../nfs-server/xdr/generated/nlm.ts'

const cookie = Buffer.from('c')
const held = (l_offset: bigint, l_len: bigint) => {
  const holder = { exclusive: true, svid: 1, oh: cookie, l_offset, l_len }
  return testResultFor({ cookie, test_stat: { stat: nlm4_stats.NLM4_DENIED, holder } }).test_stat
}

t.test('ranges are cut to 32 bits', async (t) => {
  t.match(held(5n, 10n), { holder: { l_offset: 5, l_len: 10 } })
  t.match(held(5n, 0n), { holder: { l_offset: 5, l_len: 0 } })
  t.match(held(0xffff_fff0n, 0x0fn), { holder: { l_offset: 0xffff_fff0, l_len: 15 } })
  t.match(held(0xffff_fff0n, 0x20n), { holder: { l_offset: 0xffff_fff0, l_len: 0 } })
  t.match(held(2n ** 62n, 1n), { holder: { l_offset: 0xffff_ffff, l_len: 0 } })
})

t.test('every status of version 4 has one in the others', async (t) => {
  const known: readonly number[] = Object.values(nlm_stats)
  for (const status of Object.values(nlm4_stats))
    t.ok(known.includes(statusBeforeVersion4(status)), `${status}`)
  t.equal(statusBeforeVersion4(nlm4_stats.NLM4_STALE_FH), nlm_stats.LCK_DENIED_NOLOCKS)
  for (const stat of Object.values(nlm4_stats)) {
    if (stat === nlm4_stats.NLM4_DENIED) continue
    t.not(
      testResultFor({ cookie, test_stat: { stat } }).test_stat.stat,
      nlm_stats.LCK_DENIED,
      'no holder to name',
    )
  }
})

t.test('what is wrong with the server is not taken for a conflict', async (t) => {
  for (const status of [errno.EIO, errno.EACCES, errno.ENOSPC, errno.EINVAL, errno.EISDIR]) {
    t.equal(statusFromErrno(status), nlm4_stats.NLM4_FAILED)
  }
  t.equal(statusFromErrno(errno.EAGAIN), nlm4_stats.NLM4_DENIED)
  t.equal(statusFromErrno(errno.EMFILE), nlm4_stats.NLM4_DENIED_NOLOCKS)
})
