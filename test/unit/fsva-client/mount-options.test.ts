import t from 'tap'
import { chooseOptions, numberOption } from '../../../fsva-client/mount-options.ts'

const known = { nfs: 2049, mount: 20048, fromRpcbind: true, nlm: false }

t.equal(chooseOptions(known, '', true), 'vers=3,proto=tcp,rsize=1048576,wsize=1048576,nolock')
t.notMatch(
  chooseOptions({ ...known, nlm: true }, '', true),
  /nolock/,
  'locks are left alone where there is NLM',
)
t.match(chooseOptions({ ...known, nlm: true }, '', false), /nolock/, 'mount(8) refuses without rpc.statd')
t.match(
  chooseOptions({ ...known, fromRpcbind: false, nfs: 5, mount: 6 }, '', true),
  /,port=5,mountport=6,mountproto=tcp$/,
)

t.test('what the user says wins', async (t) => {
  t.equal(chooseOptions(known, 'ro,rsize=4096', true), 'vers=3,proto=tcp,wsize=1048576,nolock,ro,rsize=4096')
  t.notMatch(chooseOptions(known, 'nfsvers=3', true), /[, ]vers=3/)
  t.notMatch(chooseOptions(known, 'lock', true), /nolock/)
  t.notMatch(chooseOptions(known, 'udp', true), /proto=tcp/)
  t.equal(chooseOptions(known, 'nolock', true).match(/nolock/g)?.length, 1)
  t.equal(chooseOptions({ ...known, fromRpcbind: false }, 'port=7', true).match(/\bport=/g)?.length, 1)
})

t.test('a number among options', async (t) => {
  t.equal(numberOption('ro,port=2049,mountport=7', 'port'), 2049)
  t.equal(numberOption('port=1,port=2', 'port'), 2, 'the last of several')
  t.equal(numberOption('mountport=7', 'port'), undefined)
  for (const wrong of ['port=', 'port=x', 'port=0', 'port=65536', 'port=1.5']) {
    t.equal(numberOption(wrong, 'port'), undefined, wrong)
  }
})

t.test('attribute timeouts that fit a channel', async (t) => {
  const minute = { acregmin: 60, acregmax: 60, acdirmin: 60, acdirmax: 60 }
  const all = 'acregmin=60,acregmax=60,acdirmin=60,acdirmax=60'
  t.match(chooseOptions(known, '', true, minute), all)
  t.notMatch(chooseOptions(known, '', true), /ac/)
  for (const given of ['actimeo=3', 'noac', 'acregmin=120']) {
    t.notMatch(chooseOptions(known, given, true, minute), /=60/, given)
  }
})
