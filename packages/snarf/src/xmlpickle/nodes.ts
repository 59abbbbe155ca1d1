/** What an XML pickle is made of, before it is written. A string is a whole scalar element that nothing refers to. */
export type Child = string | Node

/** Everything that can be referred to, and a reference. */
export type Node = TextNode | GlobalNode | SequenceNode | DictNode | InstanceNode | PersistentNode | ReferenceNode

/** A string with an identity. */
export class TextNode {
  readonly kind = 'text'
  id = -1
  /** The element with the given id attribute, which may be empty. */
  readonly element: (id: string) => string

  constructor(element: (id: string) => string) {
    this.element = element
  }
}

/** A class or function by name. */
export class GlobalNode {
  readonly kind = 'global'
  id = -1
  readonly dottedName: string

  constructor(dottedName: string) {
    this.dottedName = dottedName
  }
}

/** A list or a tuple. */
export class SequenceNode {
  readonly kind = 'sequence'
  id = -1
  readonly tag: 'list' | 'tuple'
  readonly items: Child[] = []

  constructor(tag: 'list' | 'tuple') {
    this.tag = tag
  }
}

/** A dictionary. A key that starts with no `<` is an identifier, for an attribute. */
export class DictNode {
  readonly kind = 'dict'
  id = -1
  readonly keys: Child[] = []
  readonly values: Child[] = []
}

/** An object: how it is made, and its state. */
export class InstanceNode {
  readonly kind = 'instance'
  id = -1
  readonly klass: GlobalNode | ReferenceNode
  readonly args: SequenceNode | ReferenceNode
  state: Child | undefined

  constructor(klass: GlobalNode | ReferenceNode, args: SequenceNode | ReferenceNode) {
    this.klass = klass
    this.args = args
  }
}

/** An object elsewhere. */
export class PersistentNode {
  readonly kind = 'persistent'
  readonly id = -1
  readonly child: string

  constructor(child: string) {
    this.child = child
  }
}

/** A second place of something. */
export class ReferenceNode {
  readonly kind = 'reference'
  readonly id = -1
  readonly target: Exclude<Node, PersistentNode | ReferenceNode>

  constructor(target: Exclude<Node, PersistentNode | ReferenceNode>) {
    this.target = target
  }
}
