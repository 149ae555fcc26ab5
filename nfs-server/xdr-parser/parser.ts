import type {
  ArmNode,
  DeclarationNode,
  DefinitionNode,
  EnumBody,
  Name,
  ProcedureNode,
  SpecificationNode,
  StructBody,
  TypeNode,
  UnionBody,
  ValueNode,
  VersionNode,
} from './ast.ts'
import { type Lexed, lex, literalValue, type Token } from './lexer.ts'
import { XdrSyntaxError } from './xdr-syntax-error.ts'

/** Parses one `.x` file. `file` is only for messages. Throws XdrSyntaxError. */
export function parse(source: string, file: string): SpecificationNode {
  return new Parser(lex(source, file), file).specification()
}

/** Recursive descent: one method per production of the grammar, one token of look-ahead. */
class Parser {
  private readonly lexed: Lexed
  private readonly file: string
  private index = 0

  constructor(lexed: Lexed, file: string) {
    this.lexed = lexed
    this.file = file
  }

  specification(): SpecificationNode {
    const definitions: DefinitionNode[] = []
    while (this.token.kind !== 'end') definitions.push(this.definition())
    return { definitions, passThrough: this.lexed.passThrough }
  }

  private definition(): DefinitionNode {
    const start = this.token
    switch (start.text) {
      case 'const': {
        this.next()
        const name = this.name('the name of the constant')
        this.expect('=', `after 'const ${name.text}'`)
        const value = this.value('the value of the constant')
        this.expect(';', `after the constant '${name.text}'`)
        return { kind: 'const', name, value }
      }
      case 'typedef': {
        this.next()
        const declaration = this.declaration()
        if (declaration.name === undefined) throw this.fault(start, 'void cannot be given a name')
        this.expect(';', `after the type '${declaration.name.text}'`)
        return { kind: 'typedef', name: declaration.name, declaration }
      }
      case 'enum':
      case 'struct':
      case 'union': {
        this.next()
        const name = this.name(`the name of the ${start.text}`)
        const body = this.body(start.text)
        this.expect(';', `after the ${start.text} '${name.text}'`)
        return { ...body, name }
      }
      case 'program':
        return this.program()
      default:
        throw this.unexpected('a definition (const, typedef, enum, struct, union or program)')
    }
  }

  private body(keyword: 'enum' | 'struct' | 'union'): EnumBody | StructBody | UnionBody {
    if (keyword === 'enum') return this.enumBody()
    return keyword === 'struct' ? this.structBody() : this.unionBody()
  }

  private enumBody(): EnumBody {
    this.expect('{', 'before the values of the enum')
    const members: { name: Name; value: ValueNode }[] = []
    do {
      const name = this.name('the name of an enum value')
      this.expect('=', `after the enum value '${name.text}' (RFC 4506 wants every value written out)`)
      members.push({ name, value: this.value(`the value of '${name.text}'`) })
    } while (this.accept(','))
    this.expect('}', 'after the values of the enum')
    return { kind: 'enum', members }
  }

  private structBody(): StructBody {
    this.expect('{', 'before the fields of the struct')
    const fields: DeclarationNode[] = []
    do {
      fields.push(this.declaration())
      this.expect(';', `after the field '${fields.at(-1)?.name?.text ?? 'void'}'`)
    } while (!this.accept('}'))
    return { kind: 'struct', fields }
  }

  private unionBody(): UnionBody {
    this.expect('switch', 'after the name of the union')
    this.expect('(', "after 'switch'")
    const discriminant = this.declaration()
    this.expect(')', 'after the discriminant')
    this.expect('{', 'before the arms of the union')
    const arms: ArmNode[] = []
    do {
      const labels: ValueNode[] = []
      if (this.accept('default')) {
        this.expect(':', "after 'default'")
      } else {
        if (this.token.text !== 'case') throw this.unexpected("'case' or 'default'")
        while (this.accept('case')) {
          labels.push(this.value('the value of the case'))
          this.expect(':', 'after the value of the case')
        }
      }
      const declaration = this.declaration()
      this.expect(';', `after the arm '${declaration.name?.text ?? 'void'}'`)
      arms.push({ labels, declaration })
      if (labels.length === 0 && this.token.text !== '}') {
        throw this.unexpected("'}' (the default arm is the last one)")
      }
    } while (!this.accept('}'))
    return { kind: 'union', discriminant, arms }
  }

  private declaration(): DeclarationNode {
    const position = this.token.position
    if (this.accept('void')) return { position, name: undefined, shape: { kind: 'void' } }
    if (this.accept('opaque')) {
      const name = this.name('the name of the opaque')
      if (this.accept('[')) {
        const length = this.value('the length')
        this.expect(']', 'after the length')
        return { position, name, shape: { kind: 'fixed-opaque', length } }
      }
      if (this.token.text !== '<') throw this.unexpected("'[' or '<' (opaque data has a length)")
      return { position, name, shape: { kind: 'opaque', max: this.maximum() } }
    }
    if (this.accept('string')) {
      const name = this.name('the name of the string')
      if (this.token.text !== '<') throw this.unexpected("'<' (strings have a variable length)")
      return { position, name, shape: { kind: 'string', max: this.maximum() } }
    }
    const type = this.type()
    if (this.accept('*')) {
      return { position, name: this.name('the name of the optional data'), shape: { kind: 'optional', type } }
    }
    const name = this.name('the name of the declaration')
    if (this.accept('[')) {
      const length = this.value('the length')
      this.expect(']', 'after the length')
      return { position, name, shape: { kind: 'fixed-array', type, length } }
    }
    if (this.token.text === '<')
      return { position, name, shape: { kind: 'array', type, max: this.maximum() } }
    return { position, name, shape: { kind: 'plain', type } }
  }

  /** `< >` or `< value >`. */
  private maximum(): ValueNode | undefined {
    this.expect('<', 'before the maximum')
    if (this.accept('>')) return undefined
    const max = this.value("the maximum or '>'")
    this.expect('>', 'after the maximum')
    return max
  }

  private type(): TypeNode {
    const start = this.token
    switch (start.text) {
      case 'unsigned':
        this.next()
        if (this.accept('hyper')) return { kind: 'uhyper' }
        this.accept('int') // optional: `unsigned` alone is usual, also in the RFCs
        return { kind: 'uint' }
      case 'int':
      case 'hyper':
      case 'float':
      case 'double':
      case 'bool':
        this.next()
        return { kind: start.text }
      case 'quadruple':
        throw this.fault(start, "'quadruple' is not supported: JavaScript has no 128-bit floating point")
      case 'enum':
      case 'struct':
      case 'union':
        this.next()
        // `struct entry *next` is rpcgen's (and RFC 1833's) way to name a type.
        if (start.text !== 'union' && this.token.kind === 'identifier') {
          return { kind: 'named', name: this.name('a type') }
        }
        return this.body(start.text)
      default:
        if (start.kind !== 'identifier') throw this.unexpected('a type')
        return { kind: 'named', name: this.name('a type') }
    }
  }

  private program(): DefinitionNode {
    this.next()
    const name = this.name('the name of the program')
    this.expect('{', 'before the versions of the program')
    const versions: VersionNode[] = []
    do versions.push(this.version())
    while (!this.accept('}'))
    this.expect('=', 'before the number of the program')
    const number = this.value('the number of the program')
    this.expect(';', `after the program '${name.text}'`)
    return { kind: 'program', name, versions, number }
  }

  private version(): VersionNode {
    this.expect('version', 'in a program')
    const name = this.name('the name of the version')
    this.expect('{', 'before the procedures of the version')
    const procedures: ProcedureNode[] = []
    do procedures.push(this.procedure())
    while (!this.accept('}'))
    this.expect('=', 'before the number of the version')
    const number = this.value('the number of the version')
    this.expect(';', `after the version '${name.text}'`)
    return { name, procedures, number }
  }

  private procedure(): ProcedureNode {
    const result = this.anonymous()
    const name = this.name('the name of the procedure')
    this.expect('(', `after the procedure '${name.text}'`)
    const parameters: DeclarationNode[] = []
    do parameters.push(this.anonymous())
    while (parameters.at(-1)?.shape.kind !== 'void' && this.accept(','))
    if (parameters.length > 1 && parameters.at(-1)?.shape.kind === 'void') {
      throw this.fault(this.token, 'void stands alone in a parameter list')
    }
    this.expect(')', `after the parameters of '${name.text}'`)
    this.expect('=', 'before the number of the procedure')
    const number = this.value('the number of the procedure')
    this.expect(';', `after the procedure '${name.text}'`)
    return { name, result, parameters: parameters.filter((p) => p.shape.kind !== 'void'), number }
  }

  /** A parameter or result. `string` alone is not in RFC 5531's grammar, but RFC 1833 uses it. */
  private anonymous(): DeclarationNode {
    const position = this.token.position
    if (this.accept('void')) return { position, name: undefined, shape: { kind: 'void' } }
    if (this.accept('string')) {
      const max = this.token.text === '<' ? this.maximum() : undefined
      return { position, name: undefined, shape: { kind: 'string', max } }
    }
    return { position, name: undefined, shape: { kind: 'plain', type: this.type() } }
  }

  private value(what: string): ValueNode {
    const token = this.token
    if (token.kind === 'number') {
      this.next()
      return { kind: 'literal', value: literalValue(token.text), position: token.position }
    }
    if (token.kind !== 'identifier') throw this.unexpected(`${what} (a number or the name of a constant)`)
    return { kind: 'named', name: this.name(what) }
  }

  private name(what: string): Name {
    const token = this.token
    if (token.kind === 'keyword') throw this.unexpected(`${what}, and '${token.text}' is a keyword`)
    if (token.kind !== 'identifier') throw this.unexpected(what)
    if (token.text.startsWith('_')) throw this.fault(token, `'${token.text}' does not begin with a letter`)
    this.next()
    return { text: token.text, position: token.position }
  }

  private get token(): Token {
    return this.lexed.tokens[this.index]!
  }

  private next(): void {
    if (this.index < this.lexed.tokens.length - 1) this.index++
  }

  private accept(text: string): boolean {
    if (this.token.text !== text) return false
    this.next()
    return true
  }

  private expect(text: string, where: string): void {
    if (!this.accept(text)) throw this.unexpected(`'${text}' ${where}`)
  }

  private unexpected(expected: string): XdrSyntaxError {
    const found = this.token.kind === 'end' ? 'the end of the file' : `'${this.token.text}'`
    return this.fault(this.token, `expected ${expected}, found ${found}`)
  }

  private fault(token: Token, reason: string): XdrSyntaxError {
    return new XdrSyntaxError(this.file, token.position, reason)
  }
}
