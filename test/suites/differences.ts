/**
 * Where the mount behaves otherwise than the file system behind it, and why. The suites fail if the mount differs in a
 * check that no entry names, in another way than its entry says, or no longer in one that an entry names.
 */
import type { Difference, Outcomes } from './outcomes.ts'

/** What a run was made of; entries may depend on it. */
export interface Surroundings {
  /** As of `uname -r` of the client. */
  readonly clientKernel: string
  /** As `stat -f -c %T` names the exported one. */
  readonly fileSystem: string
}

export interface ExplainedDifference {
  /** The checks, by name; a `*` at the end stands for any rest. */
  readonly checks: readonly string[]
  /** What the mount gives: the outcome, for all of them. */
  readonly mounted: string | RegExp
  /** The section of RFC 1813, or what the client does. */
  readonly why: string
  /** Where it is so; default: everywhere. */
  readonly on?: (surroundings: Surroundings) => boolean
  /** It is also fine if the mount does not differ: what decides is a race, or how the file system behind is mounted. */
  readonly mayAgree?: true
}

/** File systems on top of others. */
const isStacked = (fileSystem: string) => fileSystem.startsWith('overlay') || fileSystem.startsWith('fuse')

export const explainedDifferences: readonly ExplainedDifference[] = [
  {
    checks: ['posix/allocate/fallocate', 'posix/allocate/punch-hole', 'posix/allocate/keep-size'],
    mounted: 'got EOPNOTSUPP want success',
    why: 'RFC 1813 has no procedure that allocates or frees space; the client refuses. posix_fallocate writes instead.',
  },
  {
    checks: ['posix/seek-data/data-after-a-hole', 'posix/seek-data/a-hole-at-the-start'],
    mounted: /^got (0|1114112) want /,
    why: 'RFC 1813 has no way to ask for holes; the client takes the whole file for data, as POSIX allows.',
  },
  {
    checks: ['posix/open-without-name/*'],
    mounted: /^got EOPNOTSUPP want success$|^not reached$/,
    why: 'O_TMPFILE: RFC 1813 creates files by name only (CREATE, 3.3.8); the client refuses.',
  },
  {
    checks: [
      'posix/rename-flags/no-replace-free',
      'posix/rename-flags/exchange',
      'posix/rename-flags/is-exchanged',
    ],
    mounted: /^got (EINVAL want success|'two' want 'one')$/,
    why: "RENAME (RFC 1813, 3.3.14) has no flags; the client refuses renameat2's with EINVAL.",
  },
  {
    checks: ['posix/unlinked/links-of-the-open-file', 'posix/rename/which-has-no-link'],
    mounted: 'got 1 want 0',
    why: 'A file removed while open is renamed to .nfsXXXX by the client until its last close: NFSv3 has no open.',
  },
  {
    checks: ['posix/unlinked/its-directory-while-open'],
    mounted: 'got ENOTEMPTY want success',
    why: 'The .nfsXXXX name of a removed open file is in its directory until the last close.',
  },
  {
    checks: [
      'posix/at-flags/stat-of-it',
      'posix/at-flags/up-from-there',
      'posix/removed-directory/fstat',
      'posix/removed-directory/the-name-is-free',
    ],
    mounted: 'got ESTALE want success',
    why: 'NFS3ERR_STALE (RFC 1813, 2.6): a removed directory is gone for the server, whoever holds it open.',
  },
  {
    checks: ['posix/removed-directory/links'],
    mounted: 'got 77 want 0',
    why: 'There is no count to see: its fstat is ESTALE, see above.',
  },
  {
    checks: [
      ...['get-user', 'get-user-size', 'set-user', 'remove-user', 'get-missing', 'remove-missing'],
      'set-user-again-create',
    ].map((name) => `posix/extended-attributes/${name}`),
    mounted: /^got (EOPNOTSUPP|-1) want /,
    why: 'RFC 1813 has no extended attributes (RFC 8276 adds them to NFSv4.2); ACLs go by the NFSACL program.',
  },
  {
    checks: ['posix/local-matters/inode-flags', 'posix/local-matters/lease'],
    mounted: /^got (ENOTTY|EINVAL) want success$/,
    why: "Inode flags and leases are the local file system's; NFSv3 has neither, the client refuses.",
  },
  {
    checks: ['posix/times-of-reading/read-marks-atime', 'posix/times-of-reading/readlink-marks-atime'],
    mounted: 'got no want yes',
    why: 'What the client has in its own cache it reads there, without a READ or READLINK that the server could see.',
  },
  {
    checks: ['posix/open-direct/write-at-offset-7'],
    mounted: 'got success want EINVAL',
    why: 'The client asks no alignment of O_DIRECT: WRITE (RFC 1813, 3.3.7) takes any offset.',
  },
  {
    checks: ['posix/stat-agree/statx-birth-time'],
    mounted: 'got no want yes',
    why: 'fattr3 (RFC 1813, 2.6) has no birth time.',
  },
  {
    checks: ['posix/utimens-range/after-2106', 'posix/utimens-range/before-1970'],
    mounted: /^got (4294967295|0) want /,
    why: 'nfstime3 (RFC 1813, 2.6) counts seconds since 1970 in 32 bits without sign; the client sends the nearest.',
  },
  {
    checks: ['posix/utimens-permissions/omit-one-writable'],
    mounted: 'got success want EPERM',
    why:
      'A client sends SETATTR of one time to SET_TO_SERVER_TIME for open(O_TRUNC) too, which any writer may do; ' +
      'the server cannot tell the two apart (RFC 1813, 3.3.2).',
  },
  {
    checks: ['posix/set-id-bits/chown-to-the-same-clears'],
    mounted: 'got 6777 want 0777',
    why: 'chown(-1, -1) sets nothing, so the client sends no SETATTR: clearing set-id bits is left to the server.',
  },
  {
    checks: [
      ...['at-the-largest-offset', 'size-after-all', 'through-a-link'].map((name) => `posix/write/${name}`),
    ],
    mounted: /^got (success want EFBIG|9223372036854775807 want 16|-1 want 4)$/,
    why:
      'overlayfs and FUSE do not say what the largest file below them is, so FSINFO (RFC 1813, 3.3.19) cannot either; the ' +
      'client takes the write, and the EFBIG of its WRITE comes with a later write, fsync or close.',
    on: ({ fileSystem }) => isStacked(fileSystem),
    mayAgree: true,
  },
  {
    checks: ['posix/times/ftruncate-to-the-same', 'posix/times/open-truncating-empty'],
    mounted: "got '' want 'mc'",
    why:
      'The client sends a truncation that changes no size as SETATTR of mtime alone (3.3.2), and bindfs ignores the ' +
      'setting of one time without the other, by local programs as well.',
    on: ({ fileSystem }) => fileSystem.startsWith('fuse'),
    mayAgree: true,
  },
  {
    checks: ['open-renamed', 'open-unlinked', 'open-unlinked-twice'].map(
      (name) => `special/${name}/no-hidden-name-left`,
    ),
    mounted: 'got 1 want 0',
    why: 'The client removes the .nfsXXXX name after the last close without waiting for it: a listing may be first.',
    mayAgree: true,
  },
]

/**
 * What is wrong with a run's differences, a line each: one that no entry explains, and an entry that explains nothing any
 * more although the mounted run reached its check.
 */
export function unexplained(
  differences: readonly Difference[],
  mounted: Outcomes,
  surroundings: Surroundings,
  entries: readonly ExplainedDifference[] = explainedDifferences,
): string[] {
  const valid = entries.filter((entry) => entry.on?.(surroundings) ?? true)
  const used = new Set<string>()
  const wrong: string[] = []
  for (const { check, local, mounted } of differences) {
    const entry = valid.find((entry) => patternOf(entry, check) !== undefined)
    if (entry === undefined || !matches(entry.mounted, mounted))
      wrong.push(`${check}: local ${local}, mounted ${mounted}`)
    if (entry !== undefined) used.add(patternOf(entry, check)!)
  }
  for (const { checks, mayAgree } of valid) {
    for (const pattern of checks) {
      const wasRun = [...mounted.keys()].some((check) => names(pattern, check))
      if (wasRun && !used.has(pattern) && !mayAgree) wrong.push(`${pattern}: differs no longer`)
    }
  }
  return wrong
}

function patternOf(entry: ExplainedDifference, check: string): string | undefined {
  return entry.checks.find((pattern) => names(pattern, check))
}

function names(pattern: string, check: string): boolean {
  return pattern.endsWith('*') ? check.startsWith(pattern.slice(0, -1)) : check === pattern
}

function matches(expected: string | RegExp, outcome: string): boolean {
  return typeof expected === 'string' ? outcome === expected : expected.test(outcome)
}
