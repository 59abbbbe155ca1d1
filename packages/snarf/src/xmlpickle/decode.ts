import { applyState, construct, constructEmpty, madeInto } from '../pickle/construct.ts'
import { UnpicklingError } from '../pickle/errors.ts'
import { textOf } from '../pickle/take-apart.ts'
import type { ClassRegistry } from '../registry/class-registry.ts'
import { PyTuple } from '../registry/python-values.ts'
import { findMaps, idKey } from './find-maps.ts'
import { Frame, none, wrappers } from './frames.ts'
import { readNumber, readString, short } from './read-scalar.ts'
import { token, XmlScanner } from './xml-scanner.ts'

/** What a document is read with. */
export interface DecodeOptions {
  readonly registry: ClassRegistry
  readonly persistentLoad: ((id: string) => unknown) | undefined
  readonly into: object | undefined
  readonly preserve: boolean
  readonly maxDepth: number
}

/**
 * The value of an XML pickle.
 *
 * @throws UnpicklingError naming line and column
 */
export function decodeXml(text: string, options: DecodeOptions): unknown {
  return new Decoder(text, options).decode()
}

class Decoder {
  readonly #options: DecodeOptions
  readonly #registry: ClassRegistry
  readonly #scanner: XmlScanner
  readonly #text: string
  readonly #stack: Frame[] = []
  readonly #memo = new Map<string, unknown>()
  #maps: ReadonlySet<number> | undefined

  constructor(text: string, options: DecodeOptions) {
    this.#options = options
    this.#registry = options.registry
    this.#text = text
    this.#scanner = new XmlScanner(text)
  }

  decode(): unknown {
    const scanner = this.#scanner
    if (scanner.next() !== token.open || scanner.name !== 'pickle')
      throw scanner.error(`an XML pickle begins with <pickle>, and this with <${scanner.name}>`)
    this.#refuseAttributes([])
    const root = new Frame('pickle', scanner.offset, undefined, 0)
    this.#stack.push(root)
    while (this.#stack.length > 0) {
      if (scanner.next() === token.open) this.#open(this.#stack.at(-1) as Frame)
      else this.#close(this.#stack.pop() as Frame)
    }
    scanner.next()
    return root.value
  }

  #open(parent: Frame): void {
    const scanner = this.#scanner
    switch (scanner.name) {
      case 'none':
        return this.#constant(parent, null)
      case 'true':
        return this.#constant(parent, true)
      case 'false':
        return this.#constant(parent, false)
      case 'int':
      case 'long':
      case 'float':
        return this.#number(parent, scanner.name)
      case 'string':
      case 'unicode':
        return this.#string(parent, scanner.name)
      case 'reference':
        return this.#reference(parent)
      case 'global':
        return this.#global(parent)
      case 'list':
      case 'tuple':
      case 'dictionary':
        this.#refuseAttributes(['id'])
        return this.#container(parent, scanner.name)
      case 'object':
      case 'classic_object':
      case 'initialized_object':
        this.#refuseAttributes(['id'])
        this.#expectValue(parent)
        this.#push(parent, 1)
        return
      case 'persistent':
        this.#refuseAttributes([])
        this.#expectValue(parent)
        this.#push(parent, 1)
        return
      case 'item':
        return this.#item(parent, 'dictionary', 'key')
      case 'attribute':
        return this.#item(parent, 'attributes', 'name')
      case 'attributes':
        this.#refuseAttributes(['id'])
        if (!parent.name.endsWith('object') || parent.name === 'initialized_object' || parent.count !== 1) throw this.#misplaced(parent)
        return this.#mapping(this.#push(parent, 0))
      default:
        return this.#wrapper(parent, scanner.name)
    }
  }

  #close(frame: Frame): void {
    switch (frame.name) {
      case 'list':
        return this.#deliver(frame.value)
      case 'tuple':
        return this.#deliver(Object.freeze(frame.value))
      case 'dictionary':
        this.#endMapping(frame)
        return this.#deliver(frame.value)
      case 'attributes':
        this.#endMapping(frame)
        return this.#finish(this.#parent(), frame)
      case 'item':
      case 'attribute':
        return this.#endItem(frame)
      case 'object':
      case 'classic_object':
      case 'initialized_object':
        return this.#endObject(frame)
      case 'persistent':
        return this.#persistent(frame)
      case 'pickle':
        if (frame.count === 0) throw this.#scanner.error('a pickle holds a value, and this is empty', frame.offset)
        return
      default:
        if (frame.count === 0) throw this.#scanner.error(`<${frame.name}> holds a value, and this is empty`, frame.offset)
        return this.#endWrapper(frame)
    }
  }

  #push(parent: Frame, levels: 0 | 1): Frame {
    const depth = parent.depth + levels
    if (depth > this.#options.maxDepth)
      throw this.#scanner.error(`values are nested more than ${this.#options.maxDepth} deep; allow more with maxDepth`)
    const frame = new Frame(this.#scanner.name, this.#scanner.offset, this.#scanner.attribute('id'), depth)
    this.#stack.push(frame)
    return frame
  }

  #parent(): Frame {
    return this.#stack.at(-1) as Frame
  }

  /** Checks that a value may stand where the scanner is. */
  #expectValue(parent: Frame): void {
    switch (parent.name) {
      case 'list':
      case 'tuple':
        return
      case 'pickle':
      case 'persistent':
      case 'key':
      case 'name':
      case 'value':
      case 'klass':
      case 'arguments':
      case 'state':
        if (parent.count > 0) throw this.#scanner.error(`<${parent.name}> holds one value, and here is a second`)
        return
      case 'item':
      case 'attribute':
        if (parent.key !== none && parent.count === 0) return
        throw this.#misplaced(parent)
      default:
        throw this.#misplaced(parent)
    }
  }

  /** Gives a complete value to the element it lies in. */
  #deliver(value: unknown): void {
    const parent = this.#parent()
    parent.count++
    if (parent.name === 'list' || parent.name === 'tuple') parent.items.push(value)
    else parent.value = value
  }

  #constant(parent: Frame, value: unknown): void {
    this.#refuseAttributes([])
    this.#expectValue(parent)
    this.#readEmpty()
    this.#deliver(value)
  }

  #number(parent: Frame, type: 'int' | 'long' | 'float'): void {
    this.#refuseAttributes([])
    this.#expectValue(parent)
    this.#deliver(readNumber(this.#scanner, type, this.#options.preserve))
  }

  #string(parent: Frame, type: 'string' | 'unicode'): void {
    this.#refuseAttributes(['id', 'encoding'])
    this.#expectValue(parent)
    const id = this.#scanner.attribute('id')
    const value = readString(this.#scanner, type, this.#options.preserve)
    this.#remember(id, value)
    this.#deliver(value)
  }

  #reference(parent: Frame): void {
    const scanner = this.#scanner
    this.#refuseAttributes(['id'])
    this.#expectValue(parent)
    const id = scanner.attribute('id')
    if (id === undefined) throw scanner.error('a reference has an id, and this has none')
    this.#readEmpty()
    const key = idKey(id)
    const value = this.#memo.get(key)
    if (value === undefined && !this.#memo.has(key))
      throw scanner.error(`nothing with the id ${JSON.stringify(short(id))} is complete before this reference`)
    this.#deliver(value)
  }

  #global(parent: Frame): void {
    const scanner = this.#scanner
    this.#refuseAttributes(['id', 'name', 'module'])
    this.#expectValue(parent)
    const name = scanner.attribute('name')
    const module = scanner.attribute('module')
    if (name === undefined || module === undefined) throw scanner.error('a <global> has a name and a module')
    this.#readEmpty()
    const { type } = this.#try(() => this.#registry.find(`${module}.${name}`))
    this.#remember(scanner.attribute('id'), type)
    this.#deliver(type)
  }

  #container(parent: Frame, name: 'list' | 'tuple' | 'dictionary'): void {
    this.#expectValue(parent)
    // What an object is made of belongs to its own level.
    const frame = this.#push(parent, parent.name === 'arguments' || parent.name === 'state' ? 0 : 1)
    if (name === 'dictionary') return this.#mapping(frame)
    frame.items = name === 'list' ? [] : PyTuple.open<unknown>()
    frame.value = frame.items
    this.#remember(frame.id, frame.value)
  }

  /**
   * A dictionary is an object if all keys are strings, else a Map. One that can be referred to from inside itself has to be made before its keys are
   * known, so the document is looked through for them once.
   */
  #mapping(frame: Frame): void {
    frame.items = []
    if (frame.id === undefined) return
    this.#maps ??= findMaps(this.#text, this.#options.preserve)
    frame.value = this.#maps.has(frame.offset) ? new Map() : Object.create(null)
    this.#remember(frame.id, frame.value)
  }

  #endMapping(frame: Frame): void {
    const { items } = frame
    if (frame.id === undefined) {
      let isPlain = true
      for (let i = 0; i < items.length && isPlain; i += 2) isPlain = typeof items[i] === 'string'
      frame.value = isPlain ? Object.create(null) : new Map()
    }
    const target = frame.value
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]
      const isKnown = target instanceof Map ? target.has(key) : Object.hasOwn(target as object, key as string)
      if (isKnown) throw this.#scanner.error(`<${frame.name}> has the key ${JSON.stringify(short(String(key)))} twice`, frame.offset)
      if (target instanceof Map) target.set(key, items[i + 1])
      else (target as Record<string, unknown>)[key as string] = items[i + 1]
    }
  }

  #item(parent: Frame, parentName: string, keyName: string): void {
    const scanner = this.#scanner
    if (parent.name !== parentName) throw this.#misplaced(parent)
    this.#refuseAttributes(['id', keyName])
    const key = scanner.attribute(keyName)
    const frame = this.#push(parent, 0)
    frame.key = key ?? none
    if (key !== undefined) this.#remember(frame.id, key)
    else if (frame.id !== undefined) throw scanner.error(`an id belongs to the attribute ${keyName}, and <${scanner.name}> has none`)
  }

  #endItem(frame: Frame): void {
    const isShort = frame.key !== none || frame.args.length === 1
    const count = frame.args.length === 1 ? 2 : 1
    if (!isShort || frame.count !== count) throw this.#scanner.error(`<${frame.name}> holds a key and a value`, frame.offset)
    const parent = this.#parent()
    const key = frame.args.length === 1 ? frame.args[0] : frame.key
    parent.items.push(this.#options.preserve ? key : (textOf(key) ?? key), frame.value)
    parent.count++
  }

  #wrapper(parent: Frame, name: string): void {
    const places = wrappers.get(name)
    if (places === undefined) throw this.#scanner.error(`unrecognized element in XML pickle: '${short(name)}'`)
    this.#refuseAttributes([])
    const isAllowed = places.some(([parentName, index]) => parentName === parent.name && index === parent.count)
    if (!isAllowed || ((name === 'key' || name === 'name' || name === 'value') && parent.key !== none)) throw this.#misplaced(parent)
    this.#push(parent, 0)
  }

  #endWrapper(frame: Frame): void {
    const parent = this.#parent()
    parent.count++
    switch (frame.name) {
      case 'key':
      case 'name':
        parent.args = [frame.value]
        return
      case 'klass':
        parent.key = frame.value
        if (parent.name !== 'initialized_object') this.#made(parent, () => constructEmpty(frame.value, this.#registry))
        return
      case 'arguments': {
        const { value } = frame
        if (!(value instanceof PyTuple)) throw this.#scanner.error('<arguments> holds a tuple', frame.offset)
        this.#made(parent, () => construct(parent.key, value, this.#registry))
        return
      }
      case 'state':
        return this.#finish(parent, frame)
      default:
        parent.value = frame.value
    }
  }

  /** Makes the object as soon as everything it is made of is known: its state may refer to it. */
  #made(object: Frame, make: () => unknown): void {
    // The parent of the object is the innermost element that is open, below the object itself.
    const isRoot = this.#stack.length === 2
    object.value = this.#try(() => (isRoot ? madeInto(make(), this.#options.into) : make()), object.offset)
    this.#remember(object.id, object.value)
  }

  #finish(object: Frame, state: Frame): void {
    object.args = [state.value]
    if (state.name === 'attributes') object.count++
  }

  #endObject(frame: Frame): void {
    if (frame.count < 2) {
      const parts = frame.name === 'initialized_object' ? '<klass>, <arguments> and sometimes <state>' : '<klass> and <attributes>'
      throw this.#scanner.error(`<${frame.name}> holds ${parts}`, frame.offset)
    }
    const [state] = frame.args
    if (frame.args.length > 0) this.#try(() => applyState(frame.value, state, this.#registry), frame.offset)
    this.#deliver(frame.value)
  }

  #persistent(frame: Frame): void {
    if (frame.count === 0) throw this.#scanner.error('<persistent> holds an id, and this is empty', frame.offset)
    const { persistentLoad } = this.#options
    if (persistentLoad === undefined)
      throw this.#scanner.error('this pickle refers to an object elsewhere; load it with persistentLoad, which finds such objects', frame.offset)
    const id = typeof frame.value === 'number' ? String(frame.value) : textOf(frame.value)
    if (id === undefined) throw this.#scanner.error('the id of a persistent object is a string', frame.offset)
    this.#deliver(this.#try(() => persistentLoad(id), frame.offset))
  }

  #remember(id: string | undefined, value: unknown): void {
    if (id === undefined) return
    const key = idKey(id)
    if (this.#memo.has(key)) throw this.#scanner.error(`the id ${JSON.stringify(short(id))} is given twice`)
    this.#memo.set(key, value)
  }

  #readEmpty(): void {
    const { name } = this.#scanner
    if (this.#scanner.readText().trim() !== '') throw this.#scanner.error(`<${name}> is empty, and this holds text`)
  }

  #refuseAttributes(allowed: readonly string[]): void {
    const { attributes, name } = this.#scanner
    for (let i = 0; i < attributes.length; i += 2) {
      const attribute = attributes[i] as string
      if (!allowed.includes(attribute)) throw this.#scanner.error(`<${short(name)}> has no attribute ${short(attribute)}`)
    }
  }

  #misplaced(parent: Frame): UnpicklingError {
    return this.#scanner.error(`<${this.#scanner.name}> is not expected here in <${parent.name}>`)
  }

  #try<T>(work: () => T, offset: number = this.#scanner.offset): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof UnpicklingError) throw error
      throw this.#scanner.error(error instanceof Error ? error.message : String(error), offset, error)
    }
  }
}
