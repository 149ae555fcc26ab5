/**
 * The one error of the XDR codec: bytes that are not what the protocol says, or (encoding) a value that the
 * protocol cannot carry. `message` is `TYPE.field.path: reason`, TYPE being the outermost type at work.
 */
export class XdrError extends Error {
  override readonly name = 'XdrError'
  /** What is wrong, without the path. */
  readonly reason: string
  /** The outermost type that was being decoded or encoded; empty outside generated code. */
  type = ''
  /** Fields from `type` down to the fault, such as `reply.entries[3].name`. */
  path = ''

  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }

  /**
   * Called by generated code on the way out: says that the fault is in `field` (empty: in the value itself)
   * of `type`, in its element `index` (-1: not in an array). Knowing where costs nothing until something
   * fails. Errors that are not XdrErrors pass unchanged.
   */
  static within(error: unknown, type: string, field: string, index: number): unknown {
    if (!(error instanceof XdrError)) return error
    const own = index < 0 ? field : `${field}[${index}]`
    const separator = own === '' || error.path === '' || error.path.startsWith('[') ? '' : '.'
    error.path = `${own}${separator}${error.path}`
    error.type = type
    const typeSeparator = error.path === '' || error.path.startsWith('[') ? '' : '.'
    error.message = `${type}${typeSeparator}${error.path}: ${error.reason}`
    return error
  }
}
