/** Port mapper and rpcbind messages spelled out from RFC 1833. */
import t from 'tap'
import {
  PMAP_PROG,
  PMAP_VERS,
  PMAP_VERS_PROCEDURES,
  RPCBPROG,
  RPCBVERS,
  RPCBVERS_PROCEDURES,
  RPCBVERS4,
  RPCBVERS4_PROCEDURES,
} from '../../../nfs-server/xdr/generated/rpcbind.ts'
import { argumentsBothWays, ascii, octets, resultBothWays } from './wire.ts'

t.test('numbers', async (t) => {
  t.same([PMAP_PROG, PMAP_VERS, RPCBPROG, RPCBVERS, RPCBVERS4], [100000, 2, 100000, 3, 4])
  const numbers = (table: object) => Object.values(table).map((procedure) => procedure.number)
  t.same(numbers(PMAP_VERS_PROCEDURES), [...Array(6).keys()])
  t.same(numbers(RPCBVERS_PROCEDURES), [...Array(9).keys()])
  t.same(numbers(RPCBVERS4_PROCEDURES), [...Array(13).keys()])
})

t.test('version 2', async (t) => {
  const p = PMAP_VERS_PROCEDURES
  const mapping = { prog: 100003, vers: 3, prot: 6, port: 2049 }
  argumentsBothWays(t, p.PMAPPROC_GETPORT, '000186a3 00000003 00000006 00000801', mapping)
  resultBothWays(t, p.PMAPPROC_GETPORT, '00000801', 2049)
  resultBothWays(t, p.PMAPPROC_SET, '00000001', true)
  const list = '00000001 000186a3 00000003 00000006 00000801 00000000'
  resultBothWays(t, p.PMAPPROC_DUMP, list, [{ map: mapping }])
  resultBothWays(t, p.PMAPPROC_DUMP, '00000000', [])
  argumentsBothWays(t, p.PMAPPROC_CALLIT, '000186a3 00000003 00000000 00000002 01020000', {
    prog: 100003,
    vers: 3,
    proc: 0,
    args: octets('0102'),
  })
})

const rpcbWire = `
  000186a3 00000003
  00000003 74637000                     # "tcp"
  0000000b 302e302e 302e302e 382e3100   # "0.0.0.0.8.1"
  00000009 73757065 72757365 72000000   # "superuser"
`
const rpcb = { r_prog: 100003, r_vers: 3, r_netid: 'tcp', r_addr: '0.0.0.0.8.1', r_owner: 'superuser' }

t.test('versions 3 and 4', async (t) => {
  argumentsBothWays(t, RPCBVERS_PROCEDURES.RPCBPROC_GETADDR, rpcbWire, rpcb)
  resultBothWays(t, RPCBVERS_PROCEDURES.RPCBPROC_GETADDR, '00000000', '')
  resultBothWays(
    t,
    RPCBVERS_PROCEDURES.RPCBPROC_GETADDR,
    '0000000b 302e302e 302e302e 382e3100',
    '0.0.0.0.8.1',
  )
  resultBothWays(t, RPCBVERS4_PROCEDURES.RPCBPROC_DUMP, `00000001 ${rpcbWire} 00000000`, [{ rpcb_map: rpcb }])
  const entry = `
    00000001
    00000003 612e6200                     # r_maddr
    00000003 74637000                     # r_nc_netid
    00000003                              # r_nc_semantics
    00000004 696e6574                     # r_nc_protofmly
    00000003 74637000                     # r_nc_proto
    00000000`
  resultBothWays(t, RPCBVERS4_PROCEDURES.RPCBPROC_GETADDRLIST, entry, [
    {
      rpcb_entry_map: {
        r_maddr: 'a.b',
        r_nc_netid: 'tcp',
        r_nc_semantics: 3,
        r_nc_protofmly: 'inet',
        r_nc_proto: 'tcp',
      },
    },
  ])
  const netbuf = { maxlen: 16, buf: ascii('xy') }
  argumentsBothWays(t, RPCBVERS_PROCEDURES.RPCBPROC_TADDR2UADDR, '00000010 00000002 78790000', netbuf)
})

t.test('statistics', async (t) => {
  const zeros = Array(13).fill('00000000').join(' ')
  const perVersion = `${zeros} 00000001 ffffffff 00000000 00000000`
  const stat = { info: Array(13).fill(0), setinfo: 1, unsetinfo: -1, addrinfo: [], rmtinfo: [] }
  const text = `${perVersion} ${perVersion} ${perVersion}`
  resultBothWays(t, RPCBVERS4_PROCEDURES.RPCBPROC_GETSTAT, text, [stat, stat, stat])
})
