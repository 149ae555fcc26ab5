/** What FSINFO announces (RFC 1813, section 3.3.19) and what the procedures hold clients to, in bytes. */
export const rtmaxBytes = 1 << 20
export const wtmaxBytes = 1 << 20
/** Transfers in multiples of a page are not split by the server's page cache. */
export const transferMultipleBytes = 4096
export const dtprefBytes = 1 << 16
/** A READDIR reply grows no further, whatever the client allows. */
export const directoryReplyBytesMax = 2 * dtprefBytes
/**
 * What a listing takes in memory while it is made, as a multiple of its reply: it grows into memory of up to twice its size, or is
 * there as entries first.
 */
export const listingFactor = 2

/** Linux counts file positions in signed 64 bits; no file system behind us has a byte beyond. */
export const fileOffsetMax = (1n << 63n) - 1n

/** No range of a 32-bit count that starts at or before it reaches past the last possible byte. */
const safeOffsetMax = fileOffsetMax - 0xffff_ffffn

/** Whether a range reaches past the last possible byte; hardly any does, and those cost no arithmetic. */
export function reachesPastEnd(offset: bigint, count: number): boolean {
  return offset > safeOffsetMax && offset + BigInt(count) > fileOffsetMax
}

/** For procedures to which everything past the last possible byte is the same. */
export function clippedOffset(offset: bigint): bigint {
  if (offset > fileOffsetMax) return fileOffsetMax
  return offset
}

/** Reads up to this size are given pieces of a buffer; larger ones have one of their own. */
export const smallReadBytes = 1 << 14
