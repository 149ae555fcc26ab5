/** Entries of the mount list, over all clients; the oldest are forgotten first. It is only ever a hint (RFC 1813, 5.2.2). */
export const mountEntriesMax = 4096
/** Entries of one client address, so that one cannot push out the others. */
export const mountEntriesPerAddressMax = 256
