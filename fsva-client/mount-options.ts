/** Ports and services of a server, as far as they are known. */
export interface ServerPorts {
  readonly nfs: number
  readonly mount: number
  /** Whether the server's rpcbind told us these ports, so that mount.nfs will find them by itself. */
  readonly fromRpcbind: boolean
  /** Whether the server offers NLM, without which every lock would hang or fail. */
  readonly nlm: boolean
}

/** Most that Linux asks for; the server's FSINFO caps it. */
const transferBytesMax = 1024 * 1024

/** How long the kernel believes attributes that it has seen, in seconds; as in nfs(5). */
export interface AttributeTimeouts {
  readonly acregmin: number
  readonly acregmax: number
  readonly acdirmin: number
  readonly acdirmax: number
}

/**
 * The options for mount(8): what fits the server, with the user's own options in force where they speak of the
 * same thing. `hasMonitor`: this machine can tell servers when it restarts (findStatusMonitor), without which mount(8)
 * refuses to lock there. `timeouts`: other ones than the kernel's own.
 */
export function chooseOptions(
  ports: ServerPorts,
  given: string,
  hasMonitor: boolean,
  timeouts: AttributeTimeouts | undefined = undefined,
): string {
  const options: [name: string, option: string, alsoBy: readonly string[]][] = [
    ['vers', 'vers=3', ['nfsvers', 'v3', 'v4', 'v4.0', 'v4.1', 'v4.2']],
    ['proto', 'proto=tcp', ['tcp', 'udp', 'tcp6', 'rdma']],
    ['rsize', `rsize=${transferBytesMax}`, []],
    ['wsize', `wsize=${transferBytesMax}`, []],
  ]
  if (!ports.nlm || !hasMonitor) options.push(['nolock', 'nolock', ['lock', 'local_lock']])
  if (!ports.fromRpcbind) {
    options.push(['port', `port=${ports.nfs}`, []])
    options.push(['mountport', `mountport=${ports.mount}`, []])
    options.push(['mountproto', 'mountproto=tcp', []])
  }
  const names = new Set(splitOptions(given).map(optionName))
  // All or none: a minimum of the user's above a maximum of ours would be refused.
  const alsoByTimeouts = [...Object.keys(timeouts ?? {}), 'actimeo', 'noac', 'ac']
  for (const [name, seconds] of Object.entries(timeouts ?? {})) {
    options.push([name, `${name}=${seconds}`, alsoByTimeouts])
  }
  const ours = options
    .filter(([name, , alsoBy]) => !names.has(name) && !alsoBy.some((other) => names.has(other)))
    .map(([, option]) => option)
  return [...ours, ...splitOptions(given)].join(',')
}

/** Value of a numeric option such as port=2049 in a list of mount options. */
export function numberOption(given: string, name: string): number | undefined {
  const values = splitOptions(given)
    .filter((option) => option.startsWith(`${name}=`))
    .map((option) => Number(option.slice(name.length + 1)))
  // mount.nfs takes the last of several.
  const value = values.at(-1)
  return value !== undefined && Number.isInteger(value) && value > 0 && value < 65536 ? value : undefined
}

function splitOptions(given: string): string[] {
  return given.split(',').filter((option) => option !== '')
}

function optionName(option: string): string {
  return option.split('=')[0]!
}
