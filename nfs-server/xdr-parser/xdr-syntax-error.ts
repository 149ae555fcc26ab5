import type { Position } from './ast.ts'

/** A fault in an `.x` file. `message` is `FILE:LINE:COLUMN: what is wrong`. */
export class XdrSyntaxError extends Error {
  override readonly name = 'XdrSyntaxError'
  readonly file: string
  readonly position: Position
  readonly reason: string

  constructor(file: string, position: Position, reason: string) {
    super(`${file}:${position.line}:${position.column}: ${reason}`)
    this.file = file
    this.position = position
    this.reason = reason
  }
}
