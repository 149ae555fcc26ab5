/** What a client says first: one frame of JSON, of which nothing is believed but its form. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { plainAddress } from '../rpc/connection.ts'

/** The version of the rendezvous, not of what goes over the channel: the region has its own. */
export const rendezvousVersion = 1

export interface Hello {
  /** Who it says it is; only believed on a Unix socket. */
  readonly clientAddress: string | undefined
  /** The region that it still has, in hexadecimal. */
  readonly instance: string | undefined
  /** Memory wanted. */
  readonly bytes: number | undefined
}

const schema = z.object({
  clientAddress: z
    .string()
    .refine((text) => isIP(text) !== 0)
    .optional(),
  instance: z
    .string()
    .regex(/^[0-9a-f]{1,16}$/)
    .optional(),
  bytes: z.number().int().positive().optional(),
})

/** Why it was not understood, as the end of a sentence about the client. */
export class HelloError extends Error {}

/** Throws HelloError. Keys that it does not know are left to later versions. */
export function parseHello(text: string): Hello {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new HelloError('what it said is not JSON')
  }
  const version = typeof value === 'object' && value !== null && 'fsva' in value ? value.fsva : undefined
  if (version !== rendezvousVersion) {
    throw new HelloError(`it does not speak version ${rendezvousVersion} of the side channel's rendezvous`)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => issue.path[0]).join(', ')
    throw new HelloError(`it said something impossible as ${wrong}`)
  }
  const { clientAddress, instance, bytes } = parsed.data
  return {
    clientAddress: clientAddress === undefined ? undefined : plainAddress(clientAddress),
    instance,
    bytes,
  }
}
