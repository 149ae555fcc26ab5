import t from 'tap'
import { taddr2uaddr, uaddr2taddr } from '../../../../nfs-server/programs/portmap/address-conversion.ts'
import {
  formatUniversalAddress,
  isLoopback,
  netidOf,
  parseUniversalAddress,
} from '../../../../nfs-server/programs/portmap/universal-address.ts'

t.test('universal addresses', async (t) => {
  const examples: [string, string, number][] = [
    ['192.0.2.5.8.1', '192.0.2.5', 2049],
    ['0.0.0.0.0.111', '0.0.0.0', 111],
    ['255.255.255.255.255.255', '255.255.255.255', 65535],
    ['::.78.80', '::', 20048],
    ['fe80::1.0.1', 'fe80::1', 1],
    ['::ffff:192.0.2.1.8.1', '::ffff:192.0.2.1', 2049],
  ]
  for (const [text, host, port] of examples) {
    t.same(parseUniversalAddress(text), { host, port }, text)
    t.equal(formatUniversalAddress({ host, port }), text)
  }
})

t.test('what is no universal address', async (t) => {
  for (const text of [
    '',
    '192.0.2.5',
    '192.0.2.5.8',
    '192.0.2.5.256.1',
    '192.0.2.5.8.256',
    '192.0.2.256.8.1',
    '192.0.2.5.8.1.1',
    '192.0.2.5.-1.1',
    '/run/rpcbind.sock',
    'host.example.8.1',
    '.8.1',
    `${'1'.repeat(1000)}.8.1`,
  ]) {
    t.equal(parseUniversalAddress(text), undefined, text)
  }
})

t.test('network identifiers and loopback addresses', async (t) => {
  t.equal(netidOf('tcp', '192.0.2.1'), 'tcp')
  t.equal(netidOf('udp', '::1'), 'udp6')
  t.ok(isLoopback('127.0.0.1') && isLoopback('127.9.9.9') && isLoopback('::1'))
  t.notOk(isLoopback('192.0.2.1') || isLoopback('::') || isLoopback('127.example') || isLoopback('::127'))
})

t.test('conversion to sockaddr and back', async (t) => {
  // struct sockaddr_in of a little-endian machine: family 2, port 2049, address, eight zeros.
  const ipv4 = Buffer.from('02000801c00002050000000000000000', 'hex')
  // struct sockaddr_in6: family 10, port 2049, flow, address, scope.
  const ipv6 = Buffer.from('0a00080100000000fe8000000000000000000000000000a100000000', 'hex')
  t.same(uaddr2taddr('192.0.2.5.8.1'), { maxlen: 16, buf: ipv4 })
  t.same(uaddr2taddr('fe80::a1.8.1'), { maxlen: 28, buf: ipv6 })
  t.equal(taddr2uaddr({ maxlen: 16, buf: ipv4 }), '192.0.2.5.8.1')
  t.equal(taddr2uaddr({ maxlen: 28, buf: ipv6 }), 'fe80::a1.8.1')
  for (const host of ['::', '::1', '1::', '1:2:3:4:5:6:7:8', '2001:db8::5:0:0:1']) {
    t.equal(taddr2uaddr(uaddr2taddr(`${host}.0.1`)), `${host}.0.1`)
  }
})

t.test('what cannot be converted gives nothing', async (t) => {
  t.same(uaddr2taddr('nonsense'), { maxlen: 0, buf: new Uint8Array(0) })
  for (const hex of [
    '',
    '0200',
    '02000801c0000205',
    '0a000801c00002050000000000000000',
    '01002f72756e2f78000000000000000000',
  ]) {
    t.equal(taddr2uaddr({ maxlen: 99, buf: Buffer.from(hex, 'hex') }), '', hex)
  }
})
