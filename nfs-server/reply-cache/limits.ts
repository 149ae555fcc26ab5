/** Room for some 50,000 replies; as much memory again is needed to find them. */
export const defaultReplyCacheBytesMax = 16 << 20
/** What the record's file can be (RECORD_BYTES_* in native/core/src/reply_record_file.rs). */
export const replyCacheBytes = { min: 64 << 10, max: 1 << 30 } as const
