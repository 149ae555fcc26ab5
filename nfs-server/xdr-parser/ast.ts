/** The syntax tree of one `.x` file: RFC 4506, section 6.3, and RFC 5531, section 12.2. Names are unresolved. */

/** Where something begins: both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface Name {
  readonly text: string
  readonly position: Position
}

/** A literal, or the name of a constant or enumerator. */
export type ValueNode =
  | { readonly kind: 'literal'; readonly value: bigint; readonly position: Position }
  | { readonly kind: 'named'; readonly name: Name }

export type Primitive = 'int' | 'uint' | 'hyper' | 'uhyper' | 'float' | 'double' | 'bool'

export interface EnumBody {
  readonly kind: 'enum'
  readonly members: readonly { readonly name: Name; readonly value: ValueNode }[]
}

export interface StructBody {
  readonly kind: 'struct'
  readonly fields: readonly DeclarationNode[]
}

export interface ArmNode {
  /** Empty for the default arm. */
  readonly labels: readonly ValueNode[]
  readonly declaration: DeclarationNode
}

export interface UnionBody {
  readonly kind: 'union'
  readonly discriminant: DeclarationNode
  readonly arms: readonly ArmNode[]
}

export type TypeNode =
  | { readonly kind: Primitive }
  | { readonly kind: 'named'; readonly name: Name }
  | EnumBody
  | StructBody
  | UnionBody

export interface DeclarationNode {
  readonly position: Position
  /** undefined for void only. */
  readonly name: Name | undefined
  readonly shape:
    | { readonly kind: 'void' }
    | { readonly kind: 'plain' | 'optional'; readonly type: TypeNode }
    | { readonly kind: 'fixed-array'; readonly type: TypeNode; readonly length: ValueNode }
    | { readonly kind: 'array'; readonly type: TypeNode; readonly max: ValueNode | undefined }
    | { readonly kind: 'fixed-opaque'; readonly length: ValueNode }
    | { readonly kind: 'opaque' | 'string'; readonly max: ValueNode | undefined }
}

export interface ProcedureNode {
  readonly name: Name
  /** Without a name; void is a shape of its own. */
  readonly result: DeclarationNode
  /** Empty for void. */
  readonly parameters: readonly DeclarationNode[]
  readonly number: ValueNode
}

export interface VersionNode {
  readonly name: Name
  readonly number: ValueNode
  readonly procedures: readonly ProcedureNode[]
}

export type DefinitionNode = { readonly name: Name } & (
  | { readonly kind: 'const'; readonly value: ValueNode }
  | { readonly kind: 'typedef'; readonly declaration: DeclarationNode }
  | EnumBody
  | StructBody
  | UnionBody
  | { readonly kind: 'program'; readonly number: ValueNode; readonly versions: readonly VersionNode[] }
)

export interface SpecificationNode {
  readonly definitions: readonly DefinitionNode[]
  /** Text of the `%` lines, without the sign. */
  readonly passThrough: readonly Name[]
}
