/** The side channel as an administrator or a program sets it up. */

/** A part of a device that this machine and one client's both map. */
export interface SideChannelDevice {
  /** A devdax device. A regular file serves as one; it must keep its size. */
  readonly path: string
  /** Multiples of 2 MiB. All of the device from `offset` on if `bytes` is undefined. */
  readonly offset: number
  readonly bytes: number | undefined
  /** The IP address of the machine at the other end. */
  readonly client: string
}

export interface SideChannelOptions {
  /** Unix socket for clients on this machine; none if undefined. */
  readonly socket?: string | undefined
  /** IP addresses for clients on other machines, each of which needs a device. */
  readonly listen?: readonly string[] | undefined
  /** 2050 if undefined, 0 for any free one. */
  readonly port?: number | undefined
  readonly devices?: readonly SideChannelDevice[] | undefined
  /** The most memory that a client on this machine gets, and gets if it wants no less; 128 MiB if undefined. */
  readonly bytesMax?: number | undefined
  /** How long a session looks for the next request before it sleeps; 50 us if undefined. */
  readonly spinUs?: number | undefined
  /** Sessions at a time; 16 if undefined. */
  readonly sessionsMax?: number | undefined
}

export const sideChannelPort = 2050

export const sideChannelDefaults = {
  port: sideChannelPort,
  bytesMax: 128 << 20,
  spinUs: 50,
  sessionsMax: 16,
} as const

/** What a region may have, in bytes (native/appliance/src/rendezvous_region.rs). */
export const regionBytes = { min: 8 << 20, max: 32 * 2 ** 30, unit: 2 << 20 } as const

/** Of a Unix socket's path: sun_path less the byte that ends it. */
export const socketPathBytesMax = 107
