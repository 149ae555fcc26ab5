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
  { title: 'map and unmap a page of a file', what: 'map-unmap', paperUs: 3.79 },
  { title: 'create and destroy a grant', what: 'create-destroy', paperUs: 0.76 },
  { title: 'create, claim, release and destroy a grant', what: 'claim-release', paperUs: 4.55 },
  { title: 'null call in a batch of 1', what: 'null-batch 1' },
  { title: 'null call in a batch of 16, each', what: 'null-batch 16' },
  { title: 'null call in a batch of 256, each', what: 'null-batch 256' },
  { title: 'read of a cached page in a batch of 1', what: 'read-batch 1' },
  { title: 'read of a cached page in a batch of 16, each', what: 'read-batch 16' },
  { title: 'read of a cached page in a batch of 256, each', what: 'read-batch 256' },
]
