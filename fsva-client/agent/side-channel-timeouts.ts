import type { AttributeTimeouts } from '../mount-options.ts'
import type { Coherence } from './ask-rendezvous.ts'

/** How long attributes may be believed where the server tells of every change; undefined: as the kernel has it. */
export function timeoutsFor(coherence: Coherence): AttributeTimeouts | undefined {
  if (coherence !== 'complete') return undefined
  return { acregmin: 60, acregmax: 60, acdirmin: 60, acdirmax: 60 }
}
