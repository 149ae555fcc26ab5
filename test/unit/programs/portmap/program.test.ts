import t, { type Test } from 'tap'
import { createPortmapProgram } from '../../../../nfs-server/programs/portmap/program.ts'
import { type Registration, Registry } from '../../../../nfs-server/programs/portmap/registry.ts'
import { TcpRpcClient, UdpRpcClient } from '../../../../nfs-server/rpc/client.ts'
import { RpcReplyError } from '../../../../nfs-server/rpc/client-message.ts'
import { Dispatcher } from '../../../../nfs-server/rpc/dispatch.ts'
import { RpcListener } from '../../../../nfs-server/rpc/listener.ts'
import { type RpcCall, RpcRejection } from '../../../../nfs-server/rpc/program.ts'
import {
  PMAP_VERS,
  RPCBPROG,
  RPCBVERS4,
  type rpcb,
  PMAP_VERS_PROCEDURES as v2,
  RPCBVERS_PROCEDURES as v3,
  RPCBVERS4_PROCEDURES as v4,
} from '../../../../nfs-server/xdr/generated/rpcbind.ts'
import type { Procedure } from '../../../../nfs-server/xdr/procedure.ts'

const tcp = 6
const udp = 17
const own = { host: '0.0.0.0', owner: 'superuser', isOwn: true } as const
const nfs: Registration = { ...own, program: 100003, version: 3, netid: 'tcp', port: 2049 }

/** The procedures as a caller of our choice gets them. */
function callable(registry: Registry) {
  const program = createPortmapProgram(registry)
  return <A, R>(
    version: number,
    procedure: Procedure<A, R>,
    args: A,
    from: Partial<RpcCall['caller']> & Partial<RpcCall> = {},
  ): R => {
    const { address = '127.0.0.1', port = 700, transport = 'tcp', localAddress = '127.0.0.1' } = from
    const row = program.versions.get(version)![procedure.number]!
    return row.handler(args, {
      xid: 1,
      caller: { address, port, flavor: 'none', uid: -1, gid: -1, gids: [] },
      transport,
      localAddress,
      program: RPCBPROG,
      version,
      procedure: procedure.number,
      arguments: new Uint8Array(0),
    })
  }
}

const rpcbOf = (of: Partial<rpcb> = {}): rpcb => ({
  r_prog: 200,
  r_vers: 1,
  r_netid: 'tcp',
  r_addr: '0.0.0.0.4.1',
  r_owner: '',
  ...of,
})

const mapping = { prog: 200, vers: 1, prot: tcp, port: 1025 }

t.test('registering and looking up', async (t) => {
  const call = callable(new Registry())
  t.equal(call(4, v4.RPCBPROC_SET, rpcbOf()), true)
  t.equal(call(2, v2.PMAPPROC_GETPORT, mapping), 1025)
  t.equal(call(2, v2.PMAPPROC_GETPORT, { ...mapping, vers: 9 }), 1025, 'another version leads to the program')
  t.equal(call(2, v2.PMAPPROC_GETPORT, { ...mapping, prot: udp }), 0)
  t.equal(call(2, v2.PMAPPROC_GETPORT, { ...mapping, prot: 99 }), 0)
  t.equal(call(2, v2.PMAPPROC_GETPORT, { ...mapping, prog: 201 }), 0)
  t.equal(call(3, v3.RPCBPROC_GETADDR, rpcbOf()), '127.0.0.1.4.1')
  t.equal(call(3, v3.RPCBPROC_GETADDR, rpcbOf({ r_vers: 9 })), '127.0.0.1.4.1')
  t.equal(call(4, v4.RPCBPROC_GETVERSADDR, rpcbOf({ r_vers: 9 })), '', 'GETVERSADDR is exact')
  t.equal(call(4, v4.RPCBPROC_GETVERSADDR, rpcbOf()), '127.0.0.1.4.1')
  t.equal(call(3, v3.RPCBPROC_GETADDR, rpcbOf({ r_prog: 201 })), '')

  t.equal(call(2, v2.PMAPPROC_SET, { ...mapping, prot: udp, port: 1026 }), true)
  t.equal(
    call(3, v3.RPCBPROC_GETADDR, rpcbOf({ r_netid: '' }), { transport: 'udp' }),
    '127.0.0.1.4.2',
    'by its transport',
  )
  t.same(call(2, v2.PMAPPROC_DUMP, undefined), [
    { map: mapping },
    { map: { ...mapping, prot: udp, port: 1026 } },
  ])
  t.match(call(3, v3.RPCBPROC_DUMP, undefined), [
    { rpcb_map: { r_prog: 200, r_netid: 'tcp', r_addr: '0.0.0.0.4.1', r_owner: 'superuser' } },
    { rpcb_map: { r_netid: 'udp' } },
  ])
  t.match(call(4, v4.RPCBPROC_GETADDRLIST, rpcbOf()), [
    {
      rpcb_entry_map: {
        r_maddr: '127.0.0.1.4.1',
        r_nc_netid: 'tcp',
        r_nc_semantics: 3,
        r_nc_protofmly: 'inet',
      },
    },
    { rpcb_entry_map: { r_maddr: '127.0.0.1.4.2', r_nc_netid: 'udp', r_nc_semantics: 1, r_nc_proto: 'udp' } },
  ])

  t.equal(call(4, v4.RPCBPROC_UNSET, rpcbOf({ r_netid: 'udp' })), true)
  t.equal(call(4, v4.RPCBPROC_UNSET, rpcbOf({ r_netid: 'udp' })), false, 'it is gone')
  t.equal(call(2, v2.PMAPPROC_UNSET, mapping), true)
  t.same(call(4, v4.RPCBPROC_DUMP, undefined), [])
})

t.test('a registration stands until it is taken back', async (t) => {
  const call = callable(new Registry())
  t.equal(call(4, v4.RPCBPROC_SET, rpcbOf()), true)
  t.equal(call(4, v4.RPCBPROC_SET, rpcbOf()), true, 'the same again')
  t.equal(call(4, v4.RPCBPROC_SET, rpcbOf({ r_addr: '0.0.0.0.4.2' })), false)
  t.equal(call(4, v4.RPCBPROC_UNSET, rpcbOf({ r_netid: '' })), true, 'no transport means all')
  t.equal(call(4, v4.RPCBPROC_SET, rpcbOf({ r_addr: '0.0.0.0.4.2' })), true)
})

t.test('only root on this machine changes anything, and not what is ours', async (t) => {
  const registry = new Registry()
  registry.set(nfs)
  const call = callable(registry)
  const strangers = [
    { port: 1024 },
    { address: '192.0.2.1' },
    { address: '192.0.2.1', port: 2000 },
    { address: '::2' },
  ]
  for (const from of strangers) {
    t.equal(call(4, v4.RPCBPROC_SET, rpcbOf(), from), false)
    t.equal(call(2, v2.PMAPPROC_SET, mapping, from), false)
  }
  call(4, v4.RPCBPROC_SET, rpcbOf())
  for (const from of strangers) {
    t.equal(call(4, v4.RPCBPROC_UNSET, rpcbOf(), from), false)
    t.equal(call(2, v2.PMAPPROC_UNSET, mapping, from), false)
  }
  t.equal(call(4, v4.RPCBPROC_SET, rpcbOf({ r_prog: 300 }), { address: '::1' }), true)

  t.equal(call(4, v4.RPCBPROC_UNSET, rpcbOf({ r_prog: 100003, r_vers: 3 })), false)
  t.equal(call(2, v2.PMAPPROC_UNSET, { ...mapping, prog: 100003, vers: 3 }), false)
  t.equal(call(4, v4.RPCBPROC_SET, rpcbOf({ r_prog: 100003, r_vers: 3 })), false)
  t.equal(
    call(2, v2.PMAPPROC_SET, { ...mapping, prog: RPCBPROG, vers: 2 }),
    false,
    'nor the port mapper itself',
  )
  t.equal(call(2, v2.PMAPPROC_GETPORT, { ...mapping, prog: 100003, vers: 3 }), 2049)
})

t.test('nonsense is not registered', async (t) => {
  const call = callable(new Registry())
  for (const wrong of [
    { r_addr: 'x' },
    { r_addr: '0.0.0.0.0.0' },
    { r_netid: 'local' },
    { r_netid: '' },
    { r_addr: '' },
  ]) {
    t.equal(call(4, v4.RPCBPROC_SET, rpcbOf(wrong)), false, JSON.stringify(wrong))
  }
  for (const wrong of [{ port: 0 }, { port: 65536 }, { prot: 1 }]) {
    t.equal(call(2, v2.PMAPPROC_SET, { ...mapping, ...wrong }), false, JSON.stringify(wrong))
  }
})

t.test('the table is bounded', async (t) => {
  const call = callable(new Registry())
  let taken = 0
  for (let prog = 1; prog <= 2000; prog++) if (call(2, v2.PMAPPROC_SET, { ...mapping, prog })) taken++
  t.equal(taken, 1024)
})

t.test('a service on all addresses is where the caller can reach it', async (t) => {
  const registry = new Registry()
  registry.set(nfs)
  registry.set({ ...nfs, netid: 'tcp6', host: '::' })
  registry.set({ ...nfs, version: 1, host: '198.51.100.1' })
  const call = callable(registry)
  const ask = rpcbOf({ r_prog: 100003, r_vers: 3, r_addr: '' })
  const remote = { address: '192.0.2.9' }
  t.equal(call(4, v4.RPCBPROC_GETADDR, ask, { ...remote, localAddress: '192.0.2.1' }), '192.0.2.1.8.1')
  t.equal(
    call(4, v4.RPCBPROC_GETADDR, { ...ask, r_vers: 1 }, remote),
    '198.51.100.1.8.1',
    'one on a single address is there',
  )
  const wildcard = { ...remote, localAddress: '0.0.0.0', transport: 'udp' } as const
  t.equal(
    call(4, v4.RPCBPROC_GETADDR, { ...ask, r_addr: '127.0.0.1.0.111' }, wildcard),
    '127.0.0.1.8.1',
    'its own word',
  )
  t.not(
    call(4, v4.RPCBPROC_GETADDR, { ...ask, r_addr: '203.0.113.7.0.111' }, wildcard),
    '203.0.113.7.8.1',
    'if it is true',
  )
  const near = { address: '127.0.0.2', localAddress: '0.0.0.0', transport: 'udp' } as const
  t.equal(call(4, v4.RPCBPROC_GETADDR, ask, near), '127.0.0.1.8.1', 'the address in its network')
  const six = { address: '2001:db8::9', localAddress: '2001:db8::1' }
  t.equal(call(4, v4.RPCBPROC_GETADDR, { ...ask, r_netid: 'tcp6' }, six), '2001:db8::1.8.1')
})

t.test('statistics', async (t) => {
  const call = callable(new Registry())
  call(4, v4.RPCBPROC_SET, rpcbOf())
  call(4, v4.RPCBPROC_GETADDR, rpcbOf())
  call(4, v4.RPCBPROC_GETADDR, rpcbOf({ r_prog: 7 }))
  call(2, v2.PMAPPROC_UNSET, mapping)
  for (let prog = 1000; prog < 1200; prog++) call(2, v2.PMAPPROC_GETPORT, { ...mapping, prog })
  const [two, three, four] = call(4, v4.RPCBPROC_GETSTAT, undefined)
  t.equal(four?.setinfo, 1)
  t.equal(four?.info[3], 2)
  t.equal(four?.info[12], 1)
  t.match(four?.addrinfo, [
    { prog: 200, success: 1, failure: 0 },
    { prog: 7, success: 0, failure: 1 },
  ])
  t.equal(two?.unsetinfo, 1)
  t.equal(two?.info[3], 200)
  t.equal(two?.addrinfo.length, 64, 'of so many programs only')
  t.same(three?.info, new Array(13).fill(0))
})

async function serve(t: Test) {
  const registry = new Registry()
  registry.set(nfs)
  const listener = new RpcListener()
  t.teardown(() => listener.close())
  const dispatcher = new Dispatcher([createPortmapProgram(registry)])
  const where = { address: '127.0.0.1', port: 0 }
  const byTcp = await listener.listenTcp(dispatcher, where)
  const byUdp = await listener.listenUdp(dispatcher, where)
  const client = await TcpRpcClient.connect({ host: '127.0.0.1', port: byTcp.port })
  t.teardown(() => client.close())
  return { client, udpClient: new UdpRpcClient('127.0.0.1', byUdp.port, { timeoutMs: 300 }) }
}

t.test('calls for others are not made', async (t) => {
  const { client, udpClient } = await serve(t)
  const args = { prog: 100003, vers: 3, proc: 0, args: new Uint8Array(0) }
  for (const procedure of [v4.RPCBPROC_BCAST, v4.RPCBPROC_INDIRECT]) {
    await t.rejects(client.call(RPCBPROG, RPCBVERS4, procedure, args), new RpcReplyError('PROC_UNAVAIL'))
    await t.rejects(udpClient.call(RPCBPROG, RPCBVERS4, procedure, args), /no reply/)
  }
  await t.rejects(
    client.call(RPCBPROG, PMAP_VERS, v2.PMAPPROC_CALLIT, args),
    new RpcReplyError('PROC_UNAVAIL'),
  )
  await t.rejects(udpClient.call(RPCBPROG, PMAP_VERS, v2.PMAPPROC_CALLIT, args), /no reply/)
  t.equal(await udpClient.call(RPCBPROG, PMAP_VERS, v2.PMAPPROC_GETPORT, { ...mapping, prog: 100003 }), 2049)
})

t.test('long lists go by UDP to this machine only', async (t) => {
  const registry = new Registry()
  registry.set(nfs)
  const call = callable(registry)
  const remote = { address: '192.0.2.9', transport: 'udp' } as const
  for (const ask of [
    () => call(2, v2.PMAPPROC_DUMP, undefined, remote),
    () => call(3, v3.RPCBPROC_DUMP, undefined, remote),
    () => call(4, v4.RPCBPROC_GETADDRLIST, rpcbOf(), remote),
    () => call(4, v4.RPCBPROC_GETSTAT, undefined, remote),
  ]) {
    t.throws(ask, new RpcRejection('auth', 5))
  }
  t.equal(call(2, v2.PMAPPROC_DUMP, undefined, { transport: 'udp' }).length, 1)
  t.equal(call(2, v2.PMAPPROC_DUMP, undefined, { address: '192.0.2.9' }).length, 1)
})

t.test('versions', async (t) => {
  const { client } = await serve(t)
  await t.rejects(
    client.call(RPCBPROG, 5, v2.PMAPPROC_NULL, undefined),
    new RpcReplyError('PROG_MISMATCH', { low: 2, high: 4 }),
  )
  const time = await client.call(RPCBPROG, RPCBVERS4, v4.RPCBPROC_GETTIME, undefined)
  t.ok(Math.abs(time - Date.now() / 1000) < 60)
})
