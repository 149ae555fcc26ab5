import type { Registry } from './registry.ts'
import type { Statistics } from './statistics.ts'

/** What the procedures of the port mapper work with. */
export interface PortmapContext {
  readonly registry: Registry
  readonly statistics: Statistics
}
