import type { Name, Position, SpecificationNode, ValueNode } from './ast.ts'
import { XdrSyntaxError } from './xdr-syntax-error.ts'

/** Words that TypeScript does not let us declare as a constant or a type. */
const reserved = new Set(
  (
    'any arguments as async await bigint boolean break catch class continue debugger delete do else eval export ' +
    'extends false finally for from function if implements import in instanceof interface let never new null ' +
    'number object package private protected public return static super symbol this throw true try typeof ' +
    'undefined unknown var void while with yield Uint8Array Number Exclude XdrReader XdrWriter ' +
    'XdrError Procedure decodeVoid encodeVoid asInt32 asInt64 asUint32 asUint64'
  ).split(' '),
)

/** The names of one file: constants, enumerators, types and programs share one space (RFC 4506, section 6.4). */
export class Scope {
  private readonly file: string
  private readonly positions = new Map<string, Position>()
  private readonly values = new Map<string, bigint>()

  constructor(file: string) {
    this.file = file
  }

  fault(position: Position, reason: string): XdrSyntaxError {
    return new XdrSyntaxError(this.file, position, reason)
  }

  /** Takes a name for good; `generated` is for names that become top-level names in TypeScript. */
  declare(name: Name, generated: boolean): void {
    const before = this.positions.get(name.text)
    if (before !== undefined) {
      const place = `${before.line}:${before.column}`
      throw this.fault(name.position, `'${name.text}' is already defined at ${place}`)
    }
    if (name.text === 'TRUE' || name.text === 'FALSE') {
      throw this.fault(name.position, `'${name.text}' is already defined by the language`)
    }
    if (generated && reserved.has(name.text)) {
      throw this.fault(name.position, `'${name.text}' cannot be used: it means something in TypeScript`)
    }
    this.positions.set(name.text, name.position)
  }

  has(name: string): boolean {
    return this.positions.has(name)
  }

  setValue(name: string, value: bigint): void {
    this.values.set(name, value)
  }

  value(node: ValueNode): bigint {
    if (node.kind === 'literal') return node.value
    const value = this.values.get(node.name.text)
    if (value !== undefined) return value
    throw this.fault(
      node.name.position,
      this.positions.has(node.name.text)
        ? `'${node.name.text}' is not a constant`
        : `'${node.name.text}' is not defined before this`,
    )
  }

  number(node: ValueNode, what: string, min: number, max: number): number {
    const value = this.value(node)
    if (value < BigInt(min) || value > BigInt(max)) {
      throw this.fault(positionOf(node), `${what} is ${value}, not between ${min} and ${max}`)
    }
    return Number(value)
  }
}

export function positionOf(node: ValueNode): Position {
  return node.kind === 'literal' ? node.position : node.name.position
}

/** The text of a `%KEY VALUE` line, if there is one. */
export function pragma(specification: SpecificationNode, key: string): Name | undefined {
  for (const line of specification.passThrough) {
    const words = line.text.trim().split(/\s+/)
    if (words[0] === key) return { text: words.slice(1).join(' '), position: line.position }
  }
  return undefined
}
