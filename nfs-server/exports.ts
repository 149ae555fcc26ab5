/** One exported directory and who may use it how. The config file, the CLI and the library all end here. */
export interface ExportOptions {
  /** Absolute path; also the name that clients mount. */
  readonly path: string
  /** IP addresses, CIDR blocks, host names, or '*' for everybody. */
  readonly clients: readonly string[]
  readonly readOnly: boolean
  /** Whose identity is replaced by anonuid/anongid: root's, nobody's, everybody's. */
  readonly squash: 'root_squash' | 'no_root_squash' | 'all_squash'
  readonly anonuid: number
  readonly anongid: number
  /** Require a source port below 1024. */
  readonly secure: boolean
  /** Identifies the export in handles and attributes; derived from the path if undefined. */
  readonly fsid: number | undefined
  /** Metadata operations reach stable storage before they are answered (RFC 1813, section 4.7). */
  readonly sync: boolean
  /** Clients of the side channel may use it, too, if there is one. */
  readonly sideChannel: boolean
  /**
   * Programs of this machine may store into its files through shared mappings, which nothing announces. False is the
   * administrator's word that none does: then clients can rely on being told of every change.
   */
  readonly mappedStores: boolean
}

export const defaultExportOptions = {
  clients: ['*'],
  readOnly: false,
  squash: 'root_squash',
  anonuid: 65534,
  anongid: 65534,
  secure: true,
  fsid: undefined,
  sync: true,
  sideChannel: true,
  mappedStores: true,
} as const satisfies Omit<ExportOptions, 'path'>
