import type { Position } from './ast.ts'
import { XdrSyntaxError } from './xdr-syntax-error.ts'

/** RFC 4506, section 6.2 and RFC 5531, section 12.2; quadruple is known so that it can be refused by name. */
const keywords = new Set(
  (
    'bool case const default double quadruple enum float hyper int opaque string struct switch typedef union ' +
    'unsigned void program version'
  ).split(' '),
)

export interface Token {
  readonly kind: 'keyword' | 'identifier' | 'number' | 'punctuation' | 'end'
  readonly text: string
  readonly position: Position
}

export interface Lexed {
  /** The last one is of kind 'end'. */
  readonly tokens: readonly Token[]
  /** Lines that begin with `%`, without the sign. */
  readonly passThrough: readonly { readonly text: string; readonly position: Position }[]
}

const patterns = {
  blank: /\s+/y,
  comment: /\/\*[\s\S]*?\*\//y,
  passThrough: /%(.*)/y,
  identifier: /[A-Za-z_][A-Za-z0-9_]*/y,
  number: /-?[0-9][A-Za-z0-9_]*/y,
  punctuation: /[{}()[\]<>=,;:*]/y,
}
const literal = /^-?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i

/** Splits an `.x` file into tokens. Throws XdrSyntaxError. */
export function lex(source: string, file: string): Lexed {
  const tokens: Token[] = []
  const passThrough: { text: string; position: Position }[] = []
  let offset = 0
  let line = 1
  let lineStart = 0
  const here = (): Position => ({ line, column: offset - lineStart + 1 })
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset
    return pattern.exec(source)?.[0]
  }
  const advance = (text: string): void => {
    for (let i = 0; i < text.length; i++) {
      if (text[i] === '\n') {
        line++
        lineStart = offset + i + 1
      }
    }
    offset += text.length
  }
  while (offset < source.length) {
    const position = here()
    const skipped = match(patterns.blank) ?? match(patterns.comment)
    if (skipped !== undefined) {
      advance(skipped)
      continue
    }
    if (source.startsWith('/*', offset)) throw new XdrSyntaxError(file, position, 'this comment never ends')
    const through = position.column === 1 ? match(patterns.passThrough) : undefined
    if (through !== undefined) {
      passThrough.push({ text: through.slice(1), position })
      advance(through)
      continue
    }
    const word = match(patterns.identifier)
    const number = match(patterns.number)
    const text = word ?? number ?? match(patterns.punctuation)
    if (text === undefined) {
      const character = String.fromCodePoint(source.codePointAt(offset)!)
      throw new XdrSyntaxError(file, position, `unexpected character '${character}'`)
    }
    if (number !== undefined && !literal.test(number)) {
      throw new XdrSyntaxError(
        file,
        position,
        `'${number}' is not a number: expected decimal, 0x hexadecimal or 0 octal digits`,
      )
    }
    const kind =
      word !== undefined
        ? keywords.has(word)
          ? 'keyword'
          : 'identifier'
        : number !== undefined
          ? 'number'
          : 'punctuation'
    tokens.push({ kind, text, position })
    advance(text)
  }
  tokens.push({ kind: 'end', text: '', position: here() })
  return { tokens, passThrough }
}

/** The value of a number token. */
export function literalValue(text: string): bigint {
  const negative = text.startsWith('-')
  const digits = negative ? text.slice(1) : text
  const octal = /^0[0-7]+$/.test(digits)
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits)
  return negative ? -value : value
}
