import t from 'tap'
import { closest } from '../../../nfs-server/config/closest.ts'

const keys = ['path', 'clients', 'read_only', 'squash', 'anonuid', 'anongid', 'secure', 'fsid', 'sync']

t.equal(closest('read-only', keys), 'read_only', 'dash for underscore')
t.equal(closest('Squash', keys), 'squash', 'case')
t.equal(closest('cleints', keys), 'clients', 'two letters swapped')
t.equal(closest('client', keys), 'clients', 'one letter missing')
t.equal(closest('annonuid', keys), 'anonuid', 'one letter too many, and not the similar anongid')
t.equal(closest('zebra', keys), undefined, 'nothing is near')
t.equal(closest('x', ['y']), 'y', 'one letter may differ however short the word')
t.equal(closest('a'.repeat(1_000_000), keys), undefined, 'a huge word is not compared at all')
