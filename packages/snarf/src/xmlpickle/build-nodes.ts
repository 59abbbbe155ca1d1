import { digitsOf } from '../pickle/limits.ts'
import { Place } from '../pickle/place.ts'
import { isEmptyState, isFalsyInPython, ownAttributes, shapeOf } from '../pickle/take-apart.ts'
import { newObject, reconstructor } from '../registry/builtins.ts'
import type { ClassDefinition, ClassRegistry } from '../registry/class-registry.ts'
import { pythonSetOrder } from '../registry/dict-order.ts'
import { sortPython } from '../registry/python-order.ts'
import { PyFloat, PyInt, PyString, PyTuple, PyUnicode } from '../registry/python-values.ts'
import { pyFloatRepr } from './float-repr.ts'
import { type Child, DictNode, GlobalNode, InstanceNode, PersistentNode, ReferenceNode, SequenceNode, TextNode } from './nodes.ts'
import { bytesElement, type Compat, isPrintable, stringElement, unicodeElement } from './text.ts'

/** What the nodes of a value are made with. */
export interface BuildOptions {
  readonly registry: ClassRegistry
  readonly compat: Compat
  readonly persistentId: ((object: object) => string | undefined) | undefined
  readonly maxDepth: number
}

type Referable = ReferenceNode['target']

// Python's "$" also matches before a line break at the end, and an attribute does not keep that line break.
const identifiers: Readonly<Record<Compat, RegExp>> = {
  fixed: /^[_a-zA-Z][_a-zA-Z0-9]{1,40}$/,
  'zope-3.6.1': /^[_a-zA-Z][_a-zA-Z0-9]{1,40}\n?$/,
}

/**
 * Turns a value into nodes, each thing once. Numbers for references are given in the order in which things come up a second time.
 *
 * @throws PicklingError naming the place of what cannot be written
 */
export function buildNodes(value: unknown, options: BuildOptions): Child {
  return new NodeBuilder(options).build(value)
}

class NodeBuilder {
  readonly #registry: ClassRegistry
  readonly #compat: Compat
  readonly #isFixed: boolean
  readonly #identifier: RegExp
  readonly #persistentId: ((object: object) => string | undefined) | undefined
  readonly #place: Place
  readonly #maxDepth: number
  /** By object, and by class or function. */
  readonly #memo = new Map<unknown, Referable>()
  readonly #references = new Map<Referable, ReferenceNode>()
  /** CPython has one object for each string of one printable character, and for the empty one. */
  readonly #short = { str: new Map<string, TextNode>(), unicode: new Map<string, TextNode>() }
  /** Objects whose arguments are being looked at: they do not exist yet, so nothing can refer to them. */
  readonly #unfinished = new Set<object>()
  #nextId = 0

  constructor({ registry, compat, persistentId, maxDepth }: BuildOptions) {
    this.#registry = registry
    this.#compat = compat
    this.#isFixed = compat === 'fixed'
    this.#identifier = identifiers[compat]
    this.#persistentId = persistentId
    this.#maxDepth = maxDepth
    this.#place = new Place(maxDepth)
  }

  build(value: unknown): Child {
    switch (typeof value) {
      case 'string':
        return this.#string(value)
      case 'number':
        return Number.isSafeInteger(value) && !Object.is(value, -0) ? `<int>${value}</int>` : `<float>${pyFloatRepr(value)}</float>`
      case 'boolean':
        return value ? '<true/>' : '<false/>'
      case 'bigint':
        return `<long>${this.#place.try(() => digitsOf(value))}</long>`
      case 'object':
        return value === null ? '<none/>' : this.#object(value)
      case 'function':
        return this.#function(value)
      case 'undefined':
        throw this.#place.error('undefined cannot be pickled; use null')
      case 'symbol':
        throw this.#place.error('a symbol cannot be pickled')
      default:
        throw this.#place.error(`${typeof value} cannot be pickled`)
    }
  }

  #string(text: string): Child {
    if (!isPrintable(text)) return unicodeElement(text, this.#compat)
    return text.length > 1 ? stringElement(text, this.#compat) : this.#shortText('str', text)
  }

  #shortText(type: 'str' | 'unicode', text: string): Child {
    const known = this.#short[type].get(text)
    if (known !== undefined) return this.#refer(known)
    const element = type === 'str' ? stringElement : unicodeElement
    const node = new TextNode(id => element(text, this.#compat, id))
    this.#short[type].set(text, node)
    return node
  }

  #object(object: object): Child {
    const persistent = this.#persistentId?.(object)
    if (persistent !== undefined) return this.#persistent(persistent)
    const known = this.#memo.get(object)
    if (known !== undefined) return this.#refer(known)
    if (object instanceof PyFloat) return `<float>${pyFloatRepr(object.value)}</float>`
    if (object instanceof PyInt) return `<int>${this.#place.try(() => digitsOf(object.value))}</int>`
    if (object instanceof PyString || object instanceof PyUnicode) return this.#text(object)
    if (this.#unfinished.has(object))
      throw this.#place.error('an object whose constructor arguments or base value hold the object itself cannot be pickled')
    const shape = this.#place.try(() => shapeOf(object, this.#registry))
    if (!this.#place.enter())
      throw this.#place.error(
        `values are nested more than ${this.#maxDepth} deep; allow more with maxDepth, or keep the parts as objects of their own`,
      )
    const node = this.#shape(object, shape)
    this.#place.leave()
    return node
  }

  #shape(object: object, shape: ReturnType<typeof shapeOf>): Child {
    switch (shape.type) {
      case 'list':
        return this.#fill(this.#remember(object, new SequenceNode('list')), shape.items)
      case 'tuple':
        return this.#tuple(shape.items)
      case 'dict':
        return this.#dict(this.#remember(object, new DictNode()), shape.object)
      case 'map':
        return this.#map(this.#remember(object, new DictNode()), shape.map)
      case 'bytes':
        return this.#bytes(object, shape.bytes)
      case 'set':
        return this.#instance(object, this.#global(shape.isFrozen ? '__builtin__.frozenset' : '__builtin__.set'), () => this.#setArguments(shape.set))
      case 'instance':
        return this.#registered(object, shape.definition)
    }
  }

  #persistent(id: string): Child {
    if (isPrintable(id) && (this.#isFixed || !id.includes('\n'))) return new PersistentNode(stringElement(id, this.#compat))
    if (!this.#isFixed) throw this.#place.error(`the original cannot write the persistent id ${JSON.stringify(id)}: not ASCII, or a line break in it`)
    return new PersistentNode(unicodeElement(id, this.#compat))
  }

  #text(object: PyString | PyUnicode): Child {
    const { value } = object
    const isString = object instanceof PyString
    if (value.length < 2 && isPrintable(value) && (isString || (value !== '\\' && value !== '\n')))
      return this.#shortText(isString ? 'str' : 'unicode', value)
    if (isString) {
      // An identifier is repeated instead of referred to.
      if (this.#identifier.test(value)) return stringElement(value, this.#compat)
      return this.#remember(object, new TextNode(id => stringElement(value, this.#compat, id)))
    }
    // The pickler of the original remembers an escaped copy of these, so that it never meets them again.
    if (value.includes('\\') || value.includes('\n')) return unicodeElement(value, this.#compat)
    return this.#remember(object, new TextNode(id => unicodeElement(value, this.#compat, id)))
  }

  #bytes(object: object, bytes: Uint8Array): Child {
    const text = this.#isFixed ? undefined : printableText(bytes)
    // Base64 brings them back as bytes; what the original writes for printable bytes comes back as a string.
    if (text === undefined) return this.#remember(object, new TextNode(id => bytesElement(bytes, id)))
    if (text.length < 2) return this.#shortText('str', text)
    if (this.#identifier.test(text)) return stringElement(text, this.#compat)
    return this.#remember(object, new TextNode(id => stringElement(text, this.#compat, id)))
  }

  #tuple(items: readonly unknown[]): Child {
    const node = new SequenceNode('tuple')
    if (items.length === 0) return node
    // A tuple inside itself is remembered too late by the original, which then writes what nobody can read.
    if (this.#isFixed) return this.#fill(this.#remember(items, node), items)
    this.#unfinished.add(items)
    this.#fill(node, items)
    this.#unfinished.delete(items)
    return this.#remember(items, node)
  }

  #fill(node: SequenceNode, items: readonly unknown[]): SequenceNode {
    for (let i = 0; i < items.length; i++) {
      this.#place.at(i)
      node.items.push(this.build(items[i]))
    }
    return node
  }

  #dict(node: DictNode, object: object): DictNode {
    const keys = Object.keys(object)
    for (const key of keys.some(isBeyondBasic) ? this.#sort(keys) : keys.sort()) {
      const value = (object as Readonly<Record<string, unknown>>)[key]
      if (value === undefined) continue
      this.#place.at(key)
      node.keys.push(this.#identifier.test(key) ? key : this.build(key))
      node.values.push(this.build(value))
    }
    return node
  }

  #map(node: DictNode, map: ReadonlyMap<unknown, unknown>): DictNode {
    for (const key of this.#sort([...map.keys()])) {
      const value = map.get(key)
      if (value === undefined) continue
      this.#place.at(key)
      const name = key instanceof PyString ? key.value : key
      node.keys.push(typeof name === 'string' && this.#identifier.test(name) ? name : this.build(key))
      node.values.push(this.build(value))
    }
    return node
  }

  #setArguments(set: ReadonlySet<unknown>): SequenceNode {
    const items = (this.#isFixed ? undefined : pythonSetOrder([...set])) ?? this.#sort([...set])
    const node = new SequenceNode('tuple')
    node.items.push(this.#fill(new SequenceNode('list'), items))
    return node
  }

  #sort<T>(keys: T[]): T[] {
    return this.#place.try(() => sortPython(keys, this.#registry))
  }

  #function(type: unknown): Child {
    const definition = this.#registry.findValue(type)
    if (definition === undefined) throw this.#place.error(`a function or class that is not registered cannot be pickled; register it by name`)
    return this.#global(definition.name)
  }

  #global(name: string): GlobalNode | ReferenceNode {
    const { type } = this.#place.try(() => this.#registry.find(name))
    const known = this.#memo.get(type)
    return known === undefined ? this.#remember(type, new GlobalNode(name)) : this.#refer(known)
  }

  /** In the order of the original: the class, then the arguments, then the object is known, then its state. */
  #instance(object: object, klass: GlobalNode | ReferenceNode, makeArgs: () => SequenceNode | ReferenceNode): InstanceNode {
    this.#unfinished.add(object)
    const node = new InstanceNode(klass, makeArgs())
    this.#unfinished.delete(object)
    return this.#remember(object, node)
  }

  #registered(object: object, definition: ClassDefinition): Child {
    if (definition.reduce !== undefined) {
      const { callable, args, state } = this.#place.try(() => definition.reduce?.(object)) ?? { callable: definition.name, args: [] }
      const node = this.#instance(object, this.#global(callable), () => this.#arguments(args))
      if (state !== undefined) node.state = this.#state(object, state, definition)
      return node
    }
    const { name, style = 'new' } = definition
    if (style === 'classic') {
      const node = this.#instance(object, new GlobalNode(name), () => new SequenceNode('tuple'))
      node.state = this.#state(object, this.#stateOf(object, definition) ?? {}, definition)
      return node
    }
    const maker = this.#registry.findValue(style === 'persistent' ? newObject : reconstructor)
    const node = this.#instance(object, this.#global(maker?.name ?? ''), () => {
      const args = new SequenceNode('tuple')
      args.items.push(this.#global(name))
      if (style === 'persistent') return args
      const { base } = definition
      args.items.push(this.#global(base?.name ?? '__builtin__.object'))
      args.items.push(base === undefined ? '<none/>' : this.build(this.#place.try(() => base.get(object))))
      return args
    })
    const state = this.#stateOf(object, definition)
    if (!this.#isLeftOut(state, definition)) node.state = this.#state(object, state, definition)
    return node
  }

  /**
   * Python drops the state of a new-style object if it takes it for false. That would lose an empty list or 0 from here, so that a class which reads
   * its state itself is given whatever it gave.
   */
  #isLeftOut(state: unknown, { style, getState, setState }: ClassDefinition): boolean {
    if (state === undefined) return true
    if (this.#isFixed) return setState === undefined && isEmptyState(state)
    return style === 'persistent' && getState !== undefined ? state === null : isFalsyInPython(state)
  }

  #stateOf(object: object, definition: ClassDefinition): unknown {
    return definition.getState === undefined ? ownAttributes(object) : this.#place.try(() => definition.getState?.(object))
  }

  #state(object: object, state: unknown, { getState }: ClassDefinition): Child {
    return state === object && getState === undefined ? this.#dict(new DictNode(), object) : this.build(state)
  }

  #arguments(args: readonly unknown[]): SequenceNode | ReferenceNode {
    // The original cannot read arguments that are a reference, or that something refers to.
    const known = this.#isFixed ? undefined : this.#memo.get(args)
    if (known !== undefined) return this.#refer(known)
    const node = this.#fill(new SequenceNode('tuple'), args)
    return this.#isFixed || args.length === 0 || !(args instanceof PyTuple) ? node : this.#remember(args, node)
  }

  #remember<T extends Referable>(value: unknown, node: T): T {
    this.#memo.set(value, node)
    return node
  }

  #refer(node: Referable): ReferenceNode {
    if (node.id < 0) node.id = this.#nextId++
    let reference = this.#references.get(node)
    if (reference === undefined) this.#references.set(node, (reference = new ReferenceNode(node)))
    return reference
  }
}

/** JavaScript sorts by UTF-16 units, which is the order of Python only below the surrogates. */
function isBeyondBasic(key: string): boolean {
  return /[\ud800-\uffff]/.test(key)
}

function printableText(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder('latin1').decode(bytes)
  return isPrintable(text) ? text : undefined
}
