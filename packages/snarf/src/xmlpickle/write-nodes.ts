import type { Child, DictNode, GlobalNode, InstanceNode, Node, ReferenceNode, SequenceNode } from './nodes.ts'
import { type Compat, concat } from './text.ts'

/** UTF-8 of an XML pickle of the nodes, in the layout of the original. */
export function writeNodes(root: Child, compat: Compat): Uint8Array {
  const writer = new NodeWriter(compat)
  writer.wrap('pickle', root, '')
  return writer.finish()
}

/** Characters after which text becomes bytes: a string has a longest length, bytes have none that matters. */
const flushLength = 1 << 20

class NodeWriter {
  readonly #isFixed: boolean
  readonly #parts: Uint8Array[] = []
  readonly #encoder = new TextEncoder()
  #text = '<?xml version="1.0" encoding="utf-8" ?>\n'

  constructor(compat: Compat) {
    this.#isFixed = compat === 'fixed'
  }

  finish(): Uint8Array {
    this.#flush()
    return concat(this.#parts)
  }

  #flush(): void {
    this.#parts.push(this.#encoder.encode(this.#text))
    this.#text = ''
  }

  /** A scalar goes on the line of its wrapper, everything else on lines of its own. */
  wrap(tag: string, child: Child, indent: string): void {
    const scalar = scalarOf(child)
    if (scalar !== undefined) {
      this.#text += `${indent}<${tag}> ${scalar} </${tag}>\n`
      return
    }
    this.#text += `${indent}<${tag}>\n`
    this.#write(child, `${indent}  `)
    this.#text += `${indent}</${tag}>\n`
  }

  #write(child: Child, indent: string): void {
    const scalar = scalarOf(child)
    if (scalar !== undefined) {
      this.#text += `${indent}${scalar}\n`
      if (this.#text.length > flushLength) this.#flush()
      return
    }
    const node = child as Node
    switch (node.kind) {
      case 'global':
        this.#text += `${indent}${globalElement(node)}\n`
        return
      case 'sequence':
        this.#sequence(node, indent)
        return
      case 'dict':
        this.#dict(node, 'dictionary', 'item', 'key', indent)
        return
      case 'instance':
        this.#instance(node, indent)
        return
      case 'persistent':
        this.#text += `${indent}<persistent> ${node.child} </persistent>\n`
        return
      case 'text':
      case 'reference':
    }
  }

  #sequence(node: SequenceNode, indent: string): void {
    const { tag, items } = node
    const open = `${indent}<${tag}${idOf(node)}`
    if (items.length === 0) {
      this.#text += `${open} />\n`
      return
    }
    this.#text += `${open}>\n`
    const inner = `${indent}  `
    for (const item of items) this.#write(item, inner)
    this.#text += `${indent}</${tag}>\n`
  }

  /** Also the attributes of an object, with other names. */
  #dict(node: DictNode, tag: string, itemTag: string, keyName: string, indent: string): void {
    const { keys, values } = node
    const open = `${indent}<${tag}${idOf(node)}`
    if (keys.length === 0) {
      this.#text += `${open} />\n`
      return
    }
    this.#text += `${open}>\n`
    const inner = `${indent}  `
    const innermost = `${indent}    `
    const value = `${indent}      `
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as Child
      if (typeof key === 'string' && !key.startsWith('<')) {
        this.#text += `${inner}<${itemTag} ${keyName === 'key' ? 'key' : 'name'}="${key}">\n`
        this.#write(values[i] as Child, value)
      } else {
        this.#text += `${inner}<${itemTag}>\n`
        this.wrap(keyName, key, innermost)
        this.wrap('value', values[i] as Child, innermost)
      }
      this.#text += `${inner}</${itemTag}>\n`
    }
    this.#text += `${indent}</${tag}>\n`
  }

  #instance(node: InstanceNode, indent: string): void {
    const { klass, args, state } = node
    const inner = `${indent}  `
    if (typeof state === 'object' && state.kind === 'dict') {
      const short = this.#isPlainReconstruction(node) ? 'object' : isEmptyTuple(args) ? 'classic_object' : undefined
      if (short !== undefined) {
        // The original leaves the id out, and then cannot read its own reference.
        this.#text += `${indent}<${short}${this.#isFixed ? idOf(node) : ''}>\n`
        this.wrap('klass', short === 'object' ? ((args as SequenceNode).items[0] as Child) : klass, inner)
        this.#dict(state, 'attributes', 'attribute', 'name', inner)
        this.#text += `${indent}</${short}>\n`
        return
      }
    }
    this.#text += `${indent}<initialized_object${idOf(node)}>\n`
    this.wrap('klass', klass, inner)
    this.wrap('arguments', args, inner)
    if (state !== undefined) this.wrap('state', state, inner)
    this.#text += `${indent}</initialized_object>\n`
  }

  /** Whether an object is made by `copy_reg._reconstructor` from nothing, so that its class and attributes are enough. */
  #isPlainReconstruction({ klass, args }: InstanceNode): boolean {
    if (args.kind !== 'sequence' || args.items.length !== 3) return false
    const [, base, value] = args.items as [Child, Child, Child]
    if (this.#isFixed) return isNamed(klass, 'copy_reg._reconstructor') && isNamed(base, '__builtin__.object') && value === '<none/>'
    // The original takes nodes of different kinds for equal: a reference, whatever it refers to, and any base value.
    return looksNamed(klass, 'copy_reg._reconstructor') && looksNamed(base, '__builtin__.object')
  }
}

function isNamed(child: Child, name: string): boolean {
  if (typeof child === 'string') return false
  if (child.kind === 'reference') return child.target.kind === 'global' && child.target.dottedName === name
  return looksNamed(child, name) && child.kind === 'global'
}

function looksNamed(child: Child, name: string): boolean {
  if (typeof child === 'string' || child.kind !== 'global') return true
  return child.id < 0 && child.dottedName === name
}

function isEmptyTuple(args: SequenceNode | ReferenceNode): boolean {
  return args.kind === 'sequence' && args.items.length === 0
}

function scalarOf(child: Child): string | undefined {
  if (typeof child === 'string') return child
  if (child.kind === 'text') return child.element(idOf(child))
  return child.kind === 'reference' ? `<reference id="o${child.target.id}"/>` : undefined
}

function globalElement(node: GlobalNode): string {
  const dot = node.dottedName.lastIndexOf('.')
  return `<global${idOf(node)} name="${node.dottedName.slice(dot + 1)}" module="${node.dottedName.slice(0, dot)}"/>`
}

function idOf(node: Node): string {
  return node.id < 0 ? '' : ` id="o${node.id}"`
}
