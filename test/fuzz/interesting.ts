/** Values at which programs break: ends of ranges, names that are none, texts of other protocols. */
import type { Random } from './random.ts'

const edges32 = [
  0, 1, 2, 3, 4, 7, 8, 16, 255, 256, 511, 512, 1023, 1024, 4095, 4096, 4097, 65_535, 65_536,
] as const
const far32 = [
  0x000f_ffff, 0x0010_0000, 0x0010_0001, 0x3fff_ffff, 0x4000_0000, 0x7fff_fffe, 0x7fff_ffff,
] as const
const top32 = [0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff] as const

export function interesting32(random: Random): number {
  const how = random.below(10)
  if (how < 6) return random.pick(edges32)
  if (how < 8) return random.pick(random.chance(0.5) ? far32 : top32)
  return random.uint32()
}

const tops64 = [31n, 32n, 33n, 40n, 43n, 44n, 47n, 48n, 53n, 62n, 63n, 64n]

/** Most often small enough to be an offset in a file. */
export function interesting64(random: Random): bigint {
  const how = random.below(20)
  if (how < 12) return BigInt(random.pick(edges32))
  if (how < 15) return BigInt(random.below(1 << 20))
  if (how < 19) return BigInt.asUintN(64, (1n << random.pick(tops64)) + BigInt(random.below(5) - 2))
  return random.uint64()
}

const text = (value: string) => Buffer.from(value, 'latin1')
const ordinaryNames = Array.from({ length: 24 }, (_, i) => text(`n${i}`))
const unusualNames = [
  text(''),
  text('.'),
  text('..'),
  text('...'),
  text('a/b'),
  text('/'),
  text('../../canary'),
  text('/etc/passwd'),
  text('a\0b'),
  text('\0'),
  text('\xff\xfe\x80'),
  text('\xc3\x28'),
  text(' '),
  text('-rf'),
  text('new\nline'),
  text('.nfs0001'),
  text('%s%n'),
  Buffer.alloc(254, 'x'),
  Buffer.alloc(255, 'x'),
  Buffer.alloc(256, 'x'),
  Buffer.alloc(255, '\xc3\xa9'),
  Buffer.alloc(1024, 'x'),
  Buffer.alloc(4096, '/x'),
] as const

export function someName(random: Random): Buffer {
  const how = random.below(20)
  if (how < 16) return random.pick(ordinaryNames)
  if (how < 19) return random.pick(unusualNames)
  return random.bytes(random.below(300))
}

const targets = ['n1', '../n2', '..', '/', '/etc/shadow', '../../canary/kept', 'n3/../n4', '.', ''].map(text)

/** What a symbolic link says. */
export function someTarget(random: Random): Buffer {
  const how = random.below(20)
  if (how < 17) return random.pick(targets)
  if (how < 19) return Buffer.alloc(random.pick([1, 1023, 1024, 4094, 4095, 4096, 5000]), 'y')
  return random.bytes(random.below(200))
}

/**
 * What clients call themselves. Only these, but for what mutation makes of them: locks of a client are freed by its name.
 */
export const clientNames = [
  ...[
    'peer',
    'peer.example.org',
    'PEER',
    'witness',
    '127.0.0.1',
    'localhost',
    '',
    'other',
    'a\0b',
    '\xff',
  ].map(text),
  ...[255, 256, 1023, 1024].map((length) => Buffer.alloc(length, 'h')),
]

export function someClientName(random: Random): Buffer {
  return random.pick(random.chance(0.8) ? clientNames.slice(0, 4) : clientNames)
}

const universalAddresses = [
  '127.0.0.1.8.1',
  '0.0.0.0.0.111',
  '::1.8.1',
  '127.0.0.2.0.111',
  '',
  '1.2.3.4',
  'x.y',
  '::.0.0',
]
export const netids = ['tcp', 'udp', 'tcp6', 'udp6', 'local', '', 'TCP']

export function someUniversalAddress(random: Random): Buffer {
  return random.chance(0.9) ? text(random.pick(universalAddresses)) : random.bytes(random.below(64))
}
