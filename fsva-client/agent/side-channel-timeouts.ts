/**
 * How long the kernel of a user VM with a side channel may believe attributes, in seconds (nfs(5)). They are of the mount and
 * cannot be changed while it lasts, so they are chosen for the day on which the agent dies and nobody tells of changes any
 * more: then they alone bound how old names and attributes may be. Never more than the kernel's own maximum, a minute.
 *
 * Opening a file asks the server whatever they say (close-to-open): `nocto` is never chosen.
 */
import type { AttributeTimeouts } from '../mount-options.ts'
import type { Coherence } from './ask-rendezvous.ts'

/** What the kernel takes where nothing is said. */
export const kernelTimeouts: AttributeTimeouts = { acregmin: 3, acregmax: 60, acdirmin: 30, acdirmax: 60 }

/** By what the server can tell of an export; undefined: as the kernel has it. */
export const timeoutsByCoherence: Readonly<Record<Coherence, AttributeTimeouts | undefined>> = {
  /** Every change is told: asking is for the case that nobody tells. */
  complete: { acregmin: 60, acregmax: 60, acdirmin: 60, acdirmax: 60 },
  /** Every change of names is told, but not stores through mappings: files are asked about as ever. */
  partial: { acregmin: 3, acregmax: 60, acdirmin: 60, acdirmax: 60 },
  /** What others change in the appliance is not told. */
  none: undefined,
}

export function timeoutsFor(coherence: Coherence): AttributeTimeouts | undefined {
  return timeoutsByCoherence[coherence]
}
