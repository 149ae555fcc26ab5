/** The rows of the side channel's table: what is measured, and the FSVA paper's figure for it (Table 2, in us). */

export interface Row {
  readonly title: string
  /** What native/agent/examples/measure.rs calls it. */
  readonly what: string
  /** The paper's figure for the same thing. */
  readonly paperUs?: number
}

export const rows: readonly Row[] = [
  { title: 'null call', what: 'null', paperUs: 9.64 },
  { title: 'getattr', what: 'getattr', paperUs: 15.3 },
  { title: 'read of a cached page by grant', what: 'read-page', paperUs: 21.2 },
  // There readpage has the page granted, and the client's mapping of it is a hypercall each way.
  { title: 'map and unmap a page of a file', what: 'map-unmap', paperUs: 23.3 },
  { title: 'create and destroy a grant', what: 'create-destroy', paperUs: 0.76 },
  {
    title: 'the same with a claim and a release (map and unmap there)',
    what: 'claim-release',
    paperUs: 4.55,
  },
  { title: 'null call in a batch of 1', what: 'null-batch 1' },
  { title: 'null call in a batch of 16, each', what: 'null-batch 16' },
  { title: 'null call in a batch of 256, each', what: 'null-batch 256' },
  { title: 'read of a cached page in a batch of 1', what: 'read-batch 1' },
  { title: 'read of a cached page in a batch of 16, each', what: 'read-batch 16' },
  { title: 'read of a cached page in a batch of 256, each', what: 'read-batch 256' },
]

export interface BulkRow {
  readonly title: string
  /** Both of measure.rs. */
  readonly what: string
  readonly ioBytes: number
  /** Calls that NFS has under way meanwhile. */
  readonly nfsDepth: number
  /** The part of the file that is read; all of it if undefined. */
  readonly fileBytes?: number
}

/** What NFS does, too: reads in no order. */
export const bulkRows: readonly BulkRow[] = [
  { title: '4 KiB, one at a time', what: 'read-page', ioBytes: 4096, nfsDepth: 1 },
  { title: '4 KiB, 16 at a time', what: 'read-batch 16', ioBytes: 4096, nfsDepth: 16 },
  { title: '128 KiB, one at a time', what: 'read-128k', ioBytes: 128 << 10, nfsDepth: 1 },
  {
    title: '128 KiB of 8 MiB, one at a time, mapped',
    what: 'map-128k',
    ioBytes: 128 << 10,
    nfsDepth: 1,
    fileBytes: 8 << 20,
  },
  { title: '128 KiB, 8 at a time', what: 'read-128k-batch 8', ioBytes: 128 << 10, nfsDepth: 8 },
]
