import t from 'tap'
import { parseClientPattern } from '../../../nfs-server/config/client-pattern.ts'

t.test('what clients may be', async (t) => {
  t.same(parseClientPattern('*'), { kind: 'any' })
  t.same(parseClientPattern('192.0.2.1'), { kind: 'block', block: '192.0.2.1' })
  t.same(parseClientPattern('192.0.2.0/24'), { kind: 'block', block: '192.0.2.0/24' })
  t.same(parseClientPattern('0.0.0.0/0'), { kind: 'block', block: '0.0.0.0/0' })
  t.same(parseClientPattern('2001:db8::/32'), { kind: 'block', block: '2001:db8::/32' })
  t.same(parseClientPattern('::1'), { kind: 'block', block: '::1' })
  t.same(parseClientPattern('build-1.example.org'), { kind: 'host', name: 'build-1.example.org' })
  t.same(parseClientPattern('localhost'), { kind: 'host', name: 'localhost' })
})

const wrong: [pattern: string, message: RegExp][] = [
  ['', /not an IP address/],
  ['192.0.2', /not a complete IPv4 address/],
  ['192.0.2.300', /not a complete IPv4 address/],
  ['192.0.2.0/33', /number from 0 to 32/],
  ['192.0.2.0/', /number from 0 to 32/],
  ['192.0.2.0/-1', /number from 0 to 32/],
  ['192.0.2.0/24/7', /not a CIDR block/],
  ['192.0.2.0/255.255.255.0', /netmask as its number of bits/],
  ['2001:db8::/129', /number from 0 to 128/],
  ['fe80::1%eth0', /without its zone/],
  ['fe80::%eth0/64', /without its zone/],
  ['host/24', /not a CIDR block/],
  ['*.example.org', /wildcards in names are not supported/],
  ['@trusted', /netgroups are not supported/],
  ['-host', /not an IP address/],
  ['two words', /not an IP address/],
  [`${'a'.repeat(64)}.example.org`, /not an IP address/],
  [Array(130).fill('a').join('.'), /not an IP address/],
]
for (const [pattern, message] of wrong) {
  t.throws(() => parseClientPattern(pattern), { message }, `refused: "${pattern.slice(0, 40)}"`)
}
