/** What is measured, and which of the goals each row stands for. */

export type Place = 'memory' | 'disk'

/** In what table a row stands. */
export type Group = 'pipelined' | 'one at a time' | 'large' | 'connections' | 'disk'

export interface Workload {
  /** What `--only` looks in, and the row's name among the kept results. */
  readonly id: string
  readonly title: string
  readonly group: Group
  /** Of the load generator. */
  readonly operation: string
  /** Calls outstanding per connection. */
  readonly depth: number
  readonly connections: number
  readonly place: Place
  /** Further words for the load generator. */
  readonly words: readonly string[]
  /** As many times the peer's calls per second, at least. */
  readonly goal: number | undefined
  /** Measured against the floor, too. */
  readonly floor: boolean
}

interface Details {
  readonly connections?: number
  readonly ioKibibytes?: number
  readonly fileMebibytes?: number
  readonly entries?: number
  readonly fileSync?: true
  readonly goal?: number
  readonly floor?: true
}

const titles: Readonly<Record<string, string>> = {
  create: 'CREATE, REMOVE',
  mix: 'mix',
}

function row(group: Group, operation: string, depth: number, details: Details = {}): Workload {
  const { connections = 1, ioKibibytes = 4, fileMebibytes = 16, entries, fileSync, goal, floor } = details
  const hasSize = operation === 'read' || operation === 'write'
  const size = ioKibibytes < 1024 ? `${ioKibibytes} KiB` : `${ioKibibytes / 1024} MiB`
  const parts = [
    titles[operation] ?? operation.toUpperCase(),
    hasSize ? size : '',
    operation === 'readdirplus' ? `of ${entries}` : '',
    fileSync ? 'FILE_SYNC' : '',
  ].filter((part) => part !== '')
  const title = parts.join(' ')
  const place: Place = group === 'disk' ? 'disk' : 'memory'
  const suffix = `${connections === 1 ? '' : ` c${connections}`}${place === 'disk' ? ' on disk' : ''}`
  return {
    id: `${title.toLowerCase().replace(', ', '+')} d${depth}${suffix}`,
    title,
    group,
    operation,
    depth,
    connections,
    place,
    words: [
      ...['--io-bytes', `${ioKibibytes * 1024}`, '--file-bytes', `${fileMebibytes << 20}`],
      ...(entries === undefined ? [] : ['--entries', `${entries}`]),
      ...(fileSync ? ['--file-sync'] : []),
    ],
    goal,
    floor: floor ?? false,
  }
}

const pipelined = (operation: string, details?: Details) => row('pipelined', operation, 16, details)
const single = (operation: string, details?: Details) => row('one at a time', operation, 1, details)

export const workloads: readonly Workload[] = [
  pipelined('null'),
  pipelined('getattr', { goal: 4, floor: true }),
  row('pipelined', 'getattr', 64, { goal: 6, floor: true }),
  pipelined('access', { goal: 4 }),
  pipelined('lookup', { goal: 4 }),
  pipelined('read', { goal: 3, floor: true }),
  pipelined('write', { goal: 3 }),
  pipelined('commit'),
  pipelined('create', { goal: 2 }),
  pipelined('readdirplus', { goal: 2, entries: 100 }),
  pipelined('mix', { goal: 3, entries: 32 }),
  single('null'),
  single('getattr', { floor: true }),
  single('access'),
  single('lookup'),
  single('read', { floor: true }),
  single('write'),
  single('commit'),
  single('create'),
  single('readdirplus', { entries: 100 }),
  single('mix', { entries: 32 }),
  row('large', 'read', 16, { ioKibibytes: 64, fileMebibytes: 64 }),
  row('large', 'read', 16, { ioKibibytes: 1024, fileMebibytes: 64, goal: 1.4 }),
  row('large', 'read', 4, { ioKibibytes: 1024, fileMebibytes: 64 }),
  row('large', 'write', 16, { ioKibibytes: 64, fileMebibytes: 64 }),
  row('large', 'write', 16, { ioKibibytes: 256, fileMebibytes: 64, goal: 1.4 }),
  row('large', 'write', 4, { ioKibibytes: 256, fileMebibytes: 64 }),
  row('connections', 'getattr', 16, { connections: 4 }),
  row('connections', 'read', 16, { connections: 4 }),
  row('connections', 'mix', 16, { connections: 4, entries: 32 }),
  row('disk', 'create', 1),
  row('disk', 'create', 16),
  row('disk', 'write', 1, { fileSync: true }),
  row('disk', 'write', 16, { fileSync: true }),
]
