/** Elements of an array whose elements take no bytes on the wire, which the record's length cannot bound. */
export const emptyElementsMax = 1024
/** Nesting of types that contain themselves (linked lists are loops and do not count). */
export const nestingMax = 64
/** An opaque of at least this many bytes is kept by reference; copying less is cheaper than another segment. */
export const referenceBytesMin = 1024
/** Bytes a writer allocates at once; a few hundred small replies share one piece. */
export const chunkBytes = 64 * 1024
