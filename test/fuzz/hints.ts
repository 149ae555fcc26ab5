/**
 * What values of some types and fields mean beyond their type. Without these every argument would still be valid, but
 * hardly one would get past the first look at it.
 */

import type { ByteBuilder } from './byte-builder.ts'
import type { HandleKind } from './handle-pool.ts'
import {
  interesting32,
  interesting64,
  netids,
  someClientName,
  someName,
  someTarget,
  someUniversalAddress,
} from './interesting.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** One call's arguments being made. */
export interface Making {
  readonly random: Random
  readonly world: World
  readonly out: ByteBuilder
  /** The export that most of its handles are of. */
  readonly place: number
}

type Hint = (making: Making, field: string) => void

const wantedKinds: Readonly<Record<string, HandleKind>> = {
  dir: 'directory',
  fsroot: 'directory',
  file: 'file',
  fh: 'file',
  symlink: 'symlink',
}

function handle({ random, world, out, place }: Making, field: string): void {
  out.opaque(world.handles.choose(random, wantedKinds[field], place))
}

const uids = [0, 0, 0, 0, 1000, 1000, 1000, 1001, 1001, 65_534, 65_534, 0xffff_ffff]

function mountPath({ random, world, out }: Making): void {
  const path = random.pick(world.exportPaths)
  const how = random.below(10)
  const below =
    how < 5
      ? ''
      : random.pick(['/', '/n1', '/..', '/../canary', '//', '/.', '/n1/n2', '/link', '\0', '/\xff'])
  out.opaque(how < 9 ? Buffer.from(path + below, 'latin1') : someName(random))
}

/** By the name of a type; of the field it is in where that decides. */
export const typeHints: Readonly<Record<string, Hint>> = {
  nfs_fh3: handle,
  filename3: ({ random, out }) => out.opaque(someName(random)),
  nfspath3: ({ random, out }) => out.opaque(someTarget(random)),
  dirpath: mountPath,
  diropargs3: (making) => {
    const { random, world, out, place } = making
    const entry = random.chance(0.5) ? world.someEntry(random, place) : undefined
    if (entry !== undefined) {
      out.opaque(entry.directory)
      out.opaque(entry.name)
      return
    }
    handle(making, 'dir')
    out.opaque(someName(random))
  },
  cookie3: ({ random, world, out }) =>
    out.uint64(random.chance(0.85) ? world.someCookie(random) : interesting64(random)),
  cookieverf3: ({ random, out }) => out.fixed(random.chance(0.9) ? Buffer.alloc(8) : random.bytes(8)),
  nfstime3: ({ random, out }) => {
    out.uint32(interesting32(random))
    out.uint32(random.chance(0.9) ? random.below(1_000_000_000) : interesting32(random))
  },
  sattrguard3: (making) => {
    const isGuarded = making.random.chance(0.2)
    making.out.lengthWord(isGuarded ? 1 : 0)
    if (isGuarded) typeHints.nfstime3!(making, '')
  },
  createverf3: ({ random, out }) => out.fixed(Buffer.alloc(8, random.below(3))),
  count3: ({ random, out }) =>
    out.uint32(random.chance(0.7) ? 128 << random.below(7) : interesting32(random)),
  mode3: ({ random, out }) =>
    out.uint32(
      random.chance(0.7) ? random.pick([0o755, 0o644, 0o777, 0o700, 0o4755, 0]) : interesting32(random),
    ),
  uid3: ({ random, out }) => out.uint32(random.chance(0.9) ? random.pick(uids) : interesting32(random)),
  gid3: ({ random, out }) => out.uint32(random.chance(0.9) ? random.pick(uids) : interesting32(random)),
}

const aclTags = [1, 2, 4, 8, 16, 32]

/** By the name of a field whose type says nothing. */
export const fieldHints: Readonly<Record<string, Hint>> = {
  fh: handle,
  cookie: ({ random, out }) => out.opaque(random.bytes(random.pick([0, 4, 4, 4, 8, 1024]))),
  oh: ({ random, out }) =>
    out.opaque(
      random.chance(0.9) ? Buffer.from(`${random.below(3)}@peer`) : random.bytes(random.below(1025)),
    ),
  caller_name: ({ random, out }) => out.opaque(someClientName(random)),
  mon_name: ({ random, out }) => out.opaque(someClientName(random)),
  my_name: ({ random, out }) => out.opaque(someClientName(random)),
  name: ({ random, out }) => out.opaque(someClientName(random)),
  svid: ({ random, out }) => out.uint32(random.chance(0.9) ? random.below(3) : interesting32(random)),
  reclaim: ({ random, out }) => out.lengthWord(random.chance(0.05) ? 1 : 0),
  prog: ({ random, world, out }) =>
    out.uint32(random.chance(0.8) ? random.pick(world.programs) : interesting32(random)),
  r_prog: ({ random, world, out }) =>
    out.uint32(random.chance(0.8) ? random.pick(world.programs) : interesting32(random)),
  vers: ({ random, out }) => out.uint32(random.chance(0.9) ? random.below(5) : interesting32(random)),
  r_vers: ({ random, out }) => out.uint32(random.chance(0.9) ? random.below(5) : interesting32(random)),
  prot: ({ random, out }) => out.uint32(random.chance(0.9) ? random.pick([6, 17]) : interesting32(random)),
  r_netid: ({ random, out }) =>
    out.opaque(random.chance(0.9) ? Buffer.from(random.pick(netids)) : random.bytes(random.below(20))),
  r_addr: ({ random, out }) => out.opaque(someUniversalAddress(random)),
  r_owner: ({ random, out }) =>
    out.opaque(random.chance(0.9) ? Buffer.from('0') : random.bytes(random.below(300))),
  mask: ({ random, out }) => out.uint32(random.chance(0.9) ? random.below(16) : interesting32(random)),
  type: ({ random, out }) => out.uint32(random.chance(0.9) ? random.pick(aclTags) : interesting32(random)),
  perm: ({ random, out }) => out.uint32(random.chance(0.9) ? random.below(8) : interesting32(random)),
}

/** A string without a name: RPCBPROC_UADDR2TADDR's. */
export function nameless({ random, out }: Making): void {
  out.opaque(someUniversalAddress(random))
}
