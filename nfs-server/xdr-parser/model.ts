/** What an `.x` file means: names resolved, values computed, bodies in line given names of their own. */
import type { Primitive } from './ast.ts'

export type Type =
  | { readonly kind: Primitive | 'void' }
  | { readonly kind: 'fixed-opaque'; readonly length: number }
  | { readonly kind: 'opaque' | 'string'; readonly max: number }
  | { readonly kind: 'fixed-array'; readonly element: Type; readonly length: number }
  | { readonly kind: 'array'; readonly element: Type; readonly max: number }
  | { readonly kind: 'optional'; readonly element: Type }
  /** A chain of a struct whose last field pointed to the next one: an array, each element preceded by TRUE. */
  | { readonly kind: 'list'; readonly element: string }
  /** Such a struct by value: a chain of at least one. */
  | { readonly kind: 'chain'; readonly element: string }
  | { readonly kind: 'reference'; readonly name: string }

export interface Field {
  readonly name: string
  readonly type: Type
}

export interface ConstDefinition {
  readonly kind: 'const'
  readonly name: string
  readonly value: bigint
}
export interface EnumDefinition {
  readonly kind: 'enum'
  readonly name: string
  readonly members: readonly { readonly name: string; readonly value: number }[]
}
export interface StructDefinition {
  readonly kind: 'struct'
  readonly name: string
  /** Without the pointer to the next one, if `linked`. */
  readonly fields: readonly Field[]
  readonly linked: boolean
}
export interface Arm {
  /** Values of the discriminant; TRUE is 1. Empty for the default arm. */
  readonly labels: readonly number[]
  /** Name is empty for void. */
  readonly field: Field
}
export interface UnionDefinition {
  readonly kind: 'union'
  readonly name: string
  readonly discriminant: Field
  /** What the discriminant's type comes down to; for an enum its name. */
  readonly discriminantBase: 'int' | 'uint' | 'bool' | { readonly enum: string }
  readonly arms: readonly Arm[]
}
export interface TypedefDefinition {
  readonly kind: 'typedef'
  readonly name: string
  readonly type: Type
}
export interface Procedure {
  readonly name: string
  readonly number: number
  readonly parameters: readonly Type[]
  readonly result: Type
}
export interface Version {
  readonly name: string
  readonly number: number
  readonly procedures: readonly Procedure[]
}
export interface ProgramDefinition {
  readonly kind: 'program'
  readonly name: string
  readonly number: number
  readonly versions: readonly Version[]
}

export type TypeDefinition = EnumDefinition | StructDefinition | UnionDefinition | TypedefDefinition
export type Definition = ConstDefinition | TypeDefinition | ProgramDefinition

export interface Model {
  readonly definitions: readonly Definition[]
  readonly types: ReadonlyMap<string, TypeDefinition>
  /** Names of types that contain themselves other than as a linked list. */
  readonly recursive: ReadonlySet<string>
  /** `%strings text` in the file: strings are JavaScript strings, one character per byte. */
  readonly stringsAreText: boolean
}

/** The type behind any number of typedefs. */
export function underlying(model: Pick<Model, 'types'>, type: Type): Type {
  let current = type
  for (;;) {
    if (current.kind !== 'reference') return current
    const definition = model.types.get(current.name)
    if (definition?.kind !== 'typedef') return current
    current = definition.type
  }
}
