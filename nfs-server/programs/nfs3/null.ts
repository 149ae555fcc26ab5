import type { Handler } from './handler.ts'

/** NFSPROC3_NULL (RFC 1813, section 3.3.0): does nothing, for pings and timing. */
export const nullProcedure: Handler<undefined, undefined> = () => undefined
