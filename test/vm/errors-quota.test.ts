/** EDQUOT of a user's quota, in an appliance VM. */
import t from 'tap'
import { quotaRows } from './error-quota.ts'

t.setTimeout(800_000)

t.test('quotas of users', async (t) => {
  for (const { what, local, remote, expectedLocal, expectedRemote } of await quotaRows()) {
    t.equal(local, expectedLocal, `${what}: in the appliance`)
    t.equal(remote, expectedRemote, `${what}: in the user VM`)
  }
})
