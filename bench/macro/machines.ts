/** Where a client runs its programs, and the file systems that it can mount. */
export interface Machines {
  /** What the client and the servers are, for whoever reads the figures. */
  readonly description: string
  /** What has to be known of these machines before servers are compared. */
  readonly remark: string
  readonly kernel: string
  readonly targets: readonly Target[]
  /** Runs a script of bash as root in the client; answers its standard output. Throws if it fails. */
  bash(script: string, timeoutMs: number): Promise<string>
  close(): Promise<void>
}

export interface Target {
  readonly name: TargetName
  /** Words of mount(8), without the directory. */
  readonly mount: string
}

export const targetNames = ['fsva', 'knfsd', 'ganesha', 'local'] as const
export type TargetName = (typeof targetNames)[number]

/** The same options for every server. */
export function nfsMount(
  server: string,
  directory: string,
  ports: { readonly port: number; readonly mountPort: number },
): string {
  const options = `vers=3,proto=tcp,mountproto=tcp,nolock,port=${ports.port},mountport=${ports.mountPort}`
  return `-t nfs -o ${options} ${server}:${directory}`
}
