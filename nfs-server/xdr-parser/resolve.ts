import type {
  DeclarationNode,
  DefinitionNode,
  EnumBody,
  Name,
  Position,
  SpecificationNode,
  StructBody,
  TypeNode,
  UnionBody,
  ValueNode,
} from './ast.ts'
import { minimumBytes } from './layout.ts'
import {
  type Arm,
  type Definition,
  type Field,
  type Model,
  type ProgramDefinition,
  type Type,
  type TypeDefinition,
  type UnionDefinition,
  underlying,
} from './model.ts'
import { findRecursive, linkLists } from './recursion.ts'
import { positionOf, pragma, Scope } from './scope.ts'

const uint32Max = 0xffffffff

/** Gives a parsed file its meaning. `file` is only for messages. Throws XdrSyntaxError. */
export function resolve(specification: SpecificationNode, file: string): Model {
  return new Resolver(file).model(specification)
}

class Resolver {
  private readonly scope: Scope
  private readonly definitions: Definition[] = []
  private readonly types = new Map<string, TypeDefinition>()
  private readonly names = new Map<string, Name>()

  constructor(file: string) {
    this.scope = new Scope(file)
  }

  model(specification: SpecificationNode): Model {
    // Types may be used before they are defined (RFC 4506, section 4.19 does it); values may not.
    for (const node of specification.definitions) {
      this.scope.declare(node.name, true)
      this.names.set(node.name.text, node.name)
    }
    const defined = new Set(
      specification.definitions
        .filter((d) => d.kind !== 'const' && d.kind !== 'program')
        .map((d) => d.name.text),
    )
    for (const node of specification.definitions) this.define(node, defined)
    for (const name of this.types.keys()) {
      if (minimumBytes(this.types, { kind: 'reference', name }) === Number.POSITIVE_INFINITY) {
        throw this.scope.fault(this.names.get(name)!.position, `'${name}' always contains itself`)
      }
    }
    linkLists(this.definitions, this.types)
    for (const [name, type] of this.types) {
      if (type.kind === 'struct' && type.linked) this.reserveListNames(name)
    }
    const strings = pragma(specification, 'strings')
    if (strings !== undefined && strings.text !== 'text' && strings.text !== 'bytes') {
      throw this.scope.fault(strings.position, `expected '%strings text' or '%strings bytes'`)
    }
    return {
      definitions: this.definitions,
      types: this.types,
      recursive: findRecursive(this.types),
      stringsAreText: strings?.text === 'text',
    }
  }

  private defined: ReadonlySet<string> = new Set()

  private define(node: DefinitionNode, defined: ReadonlySet<string>): void {
    this.defined = defined
    switch (node.kind) {
      case 'const': {
        const value = this.scope.value(node.value)
        this.scope.setValue(node.name.text, value)
        this.definitions.push({ kind: 'const', name: node.name.text, value })
        return
      }
      case 'typedef': {
        const type = this.shape(node.declaration, node.name.text)
        this.add({ kind: 'typedef', name: node.name.text, type })
        return
      }
      case 'program':
        this.definitions.push(this.program(node))
        return
      default:
        this.body(node, node.name.text)
    }
  }

  private add(definition: TypeDefinition): void {
    this.definitions.push(definition)
    this.types.set(definition.name, definition)
  }

  private body(node: EnumBody | StructBody | UnionBody, name: string): void {
    if (node.kind === 'enum') this.enum(node, name)
    else if (node.kind === 'union') this.union(node, name)
    else this.add({ kind: 'struct', name, fields: this.fields(node.fields, name), linked: false })
  }

  private enum(node: EnumBody, name: string): void {
    const members = node.members.map((member) => {
      this.scope.declare(member.name, false)
      const value = this.scope.number(member.value, `'${member.name.text}'`, -(2 ** 31), 2 ** 31 - 1)
      this.scope.setValue(member.name.text, BigInt(value))
      return { name: member.name.text, value }
    })
    this.add({ kind: 'enum', name, members })
  }

  private fields(nodes: readonly DeclarationNode[], owner: string): Field[] {
    const seen = new Set<string>()
    const fields: Field[] = []
    for (const node of nodes) {
      if (node.name === undefined) continue // void in a struct says nothing
      if (seen.has(node.name.text)) {
        throw this.scope.fault(node.name.position, `'${owner}' has a field '${node.name.text}' already`)
      }
      seen.add(node.name.text)
      fields.push({ name: node.name.text, type: this.shape(node, `${owner}_${node.name.text}`) })
    }
    return fields
  }

  private union(node: UnionBody, name: string): void {
    const { discriminant } = node
    if (discriminant.name === undefined || discriminant.shape.kind !== 'plain') {
      throw this.scope.fault(discriminant.position, 'a union switches on an int, unsigned int, enum or bool')
    }
    const field = {
      name: discriminant.name.text,
      type: this.shape(discriminant, `${name}_${discriminant.name.text}`),
    }
    const base = this.discriminantBase(field.type, discriminant)
    const seen = new Set<number>()
    const arms: Arm[] = node.arms.map((arm) => {
      const labels = arm.labels.map((label) => {
        const value = this.label(label, base)
        if (seen.has(value)) {
          throw this.scope.fault(positionOf(label), `'${name}' has a case ${value} already`)
        }
        seen.add(value)
        return value
      })
      const armName = arm.declaration.name
      if (armName?.text === field.name) {
        throw this.scope.fault(armName.position, `the arm '${armName.text}' has the name of the discriminant`)
      }
      const type = this.shape(arm.declaration, `${name}_${armName?.text ?? ''}`)
      return { labels, field: { name: armName?.text ?? '', type } }
    })
    this.add({ kind: 'union', name, discriminant: field, discriminantBase: base, arms })
  }

  private discriminantBase(type: Type, node: DeclarationNode): UnionDefinition['discriminantBase'] {
    if (type.kind === 'reference' && !this.types.has(type.name)) {
      throw this.scope.fault(node.position, `'${type.name}' has to be defined before a union switches on it`)
    }
    const base = underlying({ types: this.types }, type)
    if (base.kind === 'int' || base.kind === 'uint' || base.kind === 'bool') return base.kind
    if (base.kind === 'reference' && this.types.get(base.name)?.kind === 'enum') return { enum: base.name }
    throw this.scope.fault(node.position, 'a union switches on an int, unsigned int, enum or bool')
  }

  private label(node: ValueNode, base: UnionDefinition['discriminantBase']): number {
    if (base === 'bool') {
      if (node.kind === 'named' && node.name.text === 'TRUE') return 1
      if (node.kind === 'named' && node.name.text === 'FALSE') return 0
      throw this.scope.fault(positionOf(node), 'a bool is TRUE or FALSE')
    }
    if (base === 'uint') return this.scope.number(node, 'the case', 0, uint32Max)
    const value = this.scope.number(node, 'the case', -(2 ** 31), 2 ** 31 - 1)
    if (typeof base === 'object') {
      const definition = this.types.get(base.enum)
      if (definition?.kind === 'enum' && !definition.members.some((member) => member.value === value)) {
        throw this.scope.fault(positionOf(node), `${value} is not a value of '${base.enum}'`)
      }
    }
    return value
  }

  /** The type of a declaration; `inline` is the name for a body written in place. */
  private shape(node: DeclarationNode, inline: string): Type {
    const { shape } = node
    switch (shape.kind) {
      case 'void':
        return { kind: 'void' }
      case 'plain':
        return this.type(shape.type, inline, node.position)
      case 'optional':
        return { kind: 'optional', element: this.type(shape.type, inline, node.position) }
      case 'fixed-opaque':
        return { kind: 'fixed-opaque', length: this.scope.number(shape.length, 'the length', 0, uint32Max) }
      case 'opaque':
      case 'string':
        return { kind: shape.kind, max: this.maximum(shape.max) }
      case 'fixed-array': {
        const length = this.scope.number(shape.length, 'the length', 0, uint32Max)
        return { kind: 'fixed-array', element: this.type(shape.type, inline, node.position), length }
      }
      case 'array':
        return {
          kind: 'array',
          element: this.type(shape.type, inline, node.position),
          max: this.maximum(shape.max),
        }
    }
  }

  private maximum(node: ValueNode | undefined): number {
    return node === undefined ? uint32Max : this.scope.number(node, 'the maximum', 0, uint32Max)
  }

  private type(node: TypeNode, inline: string, position: Position): Type {
    switch (node.kind) {
      case 'named':
        if (!this.defined.has(node.name.text)) {
          const why = this.scope.has(node.name.text) ? 'is not a type' : 'is not defined'
          throw this.scope.fault(node.name.position, `'${node.name.text}' ${why}`)
        }
        return { kind: 'reference', name: node.name.text }
      case 'enum':
      case 'struct':
      case 'union': {
        this.scope.declare({ text: inline, position }, true)
        this.names.set(inline, { text: inline, position })
        this.body(node, inline)
        return { kind: 'reference', name: inline }
      }
      default:
        return { kind: node.kind }
    }
  }

  /** The names of a linked list's own functions must not be those of another type. */
  private reserveListNames(name: string): void {
    for (const taken of [`${name}List`, `${name}Chain`]) {
      if (this.types.has(taken)) {
        throw this.scope.fault(
          this.names.get(taken)!.position,
          `'${taken}' is reserved by the list '${name}'`,
        )
      }
    }
  }

  private program(node: DefinitionNode & { kind: 'program' }): ProgramDefinition {
    const numbers = new Set<number>()
    const versions = node.versions.map((version) => {
      this.scope.declare(version.name, true)
      const number = this.scope.number(version.number, 'the version', 0, uint32Max)
      if (numbers.has(number)) {
        throw this.scope.fault(positionOf(version.number), `version ${number} is there already`)
      }
      numbers.add(number)
      const seen = new Set<string | number>()
      const procedures = version.procedures.map((procedure) => {
        const { name } = procedure
        const procedureNumber = this.scope.number(procedure.number, 'the procedure', 0, uint32Max)
        if (seen.has(name.text) || seen.has(procedureNumber)) {
          throw this.scope.fault(name.position, `'${name.text}' = ${procedureNumber} is there already`)
        }
        seen.add(name.text).add(procedureNumber)
        const inline = `${version.name.text}_${name.text}`
        return {
          name: name.text,
          number: procedureNumber,
          parameters: procedure.parameters.map((p, i) => this.shape(p, `${inline}_${i}`)),
          result: this.shape(procedure.result, `${inline}_result`),
        }
      })
      return { name: version.name.text, number, procedures }
    })
    const number = this.scope.number(node.number, 'the program', 0, uint32Max)
    return { kind: 'program', name: node.name.text, number, versions }
  }
}
