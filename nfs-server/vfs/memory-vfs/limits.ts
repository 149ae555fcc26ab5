/** What this file system allows; PATHCONF and FSINFO say so to clients. */
export const nameBytesMax = 255
export const linksMax = 65_000
export const symlinkBytesMax = 4095
export const fileBytesMax = (1n << 63n) - 1n
/** dev_t of Linux: 12 bits of major, 20 of minor. */
export const deviceMajorMax = (1 << 12) - 1
export const deviceMinorMax = (1 << 20) - 1
/** Unit of storage: a hole in a sparse file is at least one such chunk. */
export const chunkBytes = 4096
export const capacityBytesDefault = 1 << 30
export const inodesMaxDefault = 1 << 20
