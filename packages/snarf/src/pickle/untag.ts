import type { ClassRegistry } from '../registry/class-registry.ts'
import { PyByteArray, PyDate, PyDateTime, PyDecimal, PyFloat, PyFrozenSet, PyInt, PyString, PyTuple, PyUnicode } from '../registry/python-values.ts'
import { parsePyFloat } from '../xmlpickle/float-repr.ts'
import { fromBase64 } from './base64.ts'
import { applyState, construct, constructEmpty, madeInto } from './construct.ts'
import { UnpicklingError } from './errors.ts'
import { maxDigits } from './limits.ts'
import { positionOf } from './position.ts'

/** A value of JSON or YAML, with where it begins. */
export type Syntax =
  | { readonly type: 'scalar'; readonly value: null | boolean | number | string; readonly offset: number }
  | { readonly type: 'list'; readonly items: readonly Syntax[]; readonly offset: number }
  | { readonly type: 'map'; readonly entries: ReadonlyMap<string, Syntax>; readonly offset: number }

/** What tagged mappings are read with. */
export interface UntagOptions {
  readonly registry: ClassRegistry
  readonly persistentLoad: ((id: string) => unknown) | undefined
  readonly into: object | undefined
  readonly preserve: boolean
  readonly maxDepth: number
}

/** The value that `tagValue` made this of. @throws UnpicklingError naming line and column in `text` */
export function untag(syntax: Syntax, text: string, options: UntagOptions): unknown {
  return new Untagger(text, syntax, options).read(syntax)
}

type MapSyntax = Extract<Syntax, { type: 'map' }>

/** Tags that stand for a value, each with those that may come with it beside `$id`. */
const forms: Readonly<Record<string, readonly string[]>> = {
  $ref: [],
  $persistent: [],
  $global: [],
  $list: [],
  $tuple: [],
  $set: [],
  $frozenset: [],
  $map: [],
  $bytes: [],
  $bytearray: [],
  $date: [],
  $decimal: [],
  $bigint: [],
  $int: [],
  $float: [],
  $unicode: [],
  $string: [],
  $class: ['$base', '$state'],
  $call: ['$args', '$state'],
}

class Untagger {
  readonly #text: string
  readonly #root: Syntax
  readonly #options: UntagOptions
  readonly #memo = new Map<number, unknown>()
  #depth = 0

  constructor(text: string, root: Syntax, options: UntagOptions) {
    this.#text = text
    this.#root = root
    this.#options = options
  }

  read(syntax: Syntax): unknown {
    if (syntax.type === 'scalar') return syntax.value
    if (++this.#depth > this.#options.maxDepth)
      throw this.#error(syntax, `values are nested more than ${this.#options.maxDepth} deep; allow more with maxDepth`)
    const value = syntax.type === 'list' ? this.#fill([], syntax.items) : this.#map(syntax)
    this.#depth--
    return value
  }

  #fill<T extends unknown[]>(list: T, items: readonly Syntax[]): T {
    for (const item of items) list.push(this.read(item))
    return list
  }

  #map(syntax: MapSyntax): unknown {
    const id = this.#id(syntax)
    const form = this.#form(syntax)
    if (form === undefined) {
      const object = this.#remember(syntax, id, Object.create(null) as Record<string, unknown>)
      this.#attributes(syntax, object)
      return object
    }
    const content = syntax.entries.get(form) as Syntax
    switch (form) {
      case '$class':
        return this.#instance(syntax, id, content)
      case '$call':
        return this.#call(syntax, id, content)
      case '$ref':
        return this.#reference(content)
      case '$global':
        return this.#try(content, () => this.#options.registry.find(this.#string(content)).type)
      case '$persistent':
        return this.#persistent(content)
      case '$list':
      case '$tuple':
      case '$set':
      case '$frozenset':
      case '$map':
        return this.#container(syntax, id, form, content)
      default: {
        const value = this.#try(content, () => this.#scalar(form, content, id))
        return this.#remember(syntax, id, value)
      }
    }
  }

  #id(syntax: MapSyntax): number | undefined {
    const id = syntax.entries.get('$id')
    if (id === undefined) return undefined
    if (id.type !== 'scalar' || typeof id.value !== 'number') throw this.#error(id, '$id is a number')
    return id.value
  }

  /** The tag that says what a mapping is; undefined for a dictionary. */
  #form(syntax: MapSyntax): string | undefined {
    let form: string | undefined
    const tags: string[] = []
    let attribute: string | undefined
    for (const name of syntax.entries.keys()) {
      if (!name.startsWith('$') || name.startsWith('$$')) attribute ??= name
      else if (Object.hasOwn(forms, name)) {
        if (form !== undefined) throw this.#error(syntax, `${form} and ${name} cannot stand together`)
        form = name
      } else if (name !== '$id') tags.push(name)
    }
    for (const tag of tags) {
      if (form === undefined || !forms[form]?.includes(tag))
        throw this.#error(syntax, `${JSON.stringify(tag)} is not understood here; a name that begins with "$" is written with "$$"`)
    }
    const holdsNames = form === undefined || ((form === '$class' || form === '$call') && !syntax.entries.has('$state'))
    if (attribute !== undefined && !holdsNames) throw this.#error(syntax, `${JSON.stringify(attribute)} cannot stand beside ${form ?? ''}`)
    return form
  }

  /** Everything of a mapping that is no tag. @returns whether there is something */
  #attributes(syntax: MapSyntax, object: Record<string, unknown>): boolean {
    let isAny = false
    for (const [name, item] of syntax.entries) {
      const isEscaped = name.startsWith('$$')
      if (name.startsWith('$') && !isEscaped) continue
      isAny = true
      object[isEscaped ? name.slice(1) : name] = this.read(item)
    }
    return isAny
  }

  #instance(syntax: MapSyntax, id: number | undefined, content: Syntax): unknown {
    const { registry } = this.#options
    const base = syntax.entries.get('$base')
    const value = base === undefined ? undefined : this.read(base)
    const object = this.#try(content, () => {
      const definition = registry.find(this.#string(content))
      if (base === undefined) return constructEmpty(definition.type, registry)
      if ('isFunction' in definition || definition.base === undefined)
        throw new TypeError(`${definition.name} is not registered as a class with a base`)
      return definition.base.create(value)
    })
    return this.#withState(syntax, this.#remember(syntax, id, this.#into(syntax, object)))
  }

  #into(syntax: Syntax, object: unknown): unknown {
    return syntax === this.#root ? this.#try(syntax, () => madeInto(object, this.#options.into)) : object
  }

  #call(syntax: MapSyntax, id: number | undefined, content: Syntax): unknown {
    const { registry } = this.#options
    const args = syntax.entries.get('$args')
    if (args?.type !== 'list') throw this.#error(syntax, '$call comes with $args, a list')
    const values = this.#fill([], args.items)
    const object = this.#try(content, () => construct(registry.find(this.#string(content)).type, values, registry))
    return this.#withState(syntax, this.#remember(syntax, id, this.#into(syntax, object)))
  }

  #withState(syntax: MapSyntax, object: unknown): unknown {
    const given = syntax.entries.get('$state')
    const attributes = Object.create(null) as Record<string, unknown>
    const hasState = given === undefined ? this.#attributes(syntax, attributes) : true
    const state = given === undefined ? attributes : this.read(given)
    if (hasState) this.#try(syntax, () => applyState(object, state, this.#options.registry))
    return object
  }

  #reference(content: Syntax): unknown {
    if (content.type !== 'scalar' || typeof content.value !== 'number') throw this.#error(content, '$ref is the number of an $id')
    if (!this.#memo.has(content.value)) throw this.#error(content, `nothing with the $id ${content.value} is complete before this reference`)
    return this.#memo.get(content.value)
  }

  #persistent(content: Syntax): unknown {
    const { persistentLoad } = this.#options
    if (persistentLoad === undefined)
      throw this.#error(content, 'this pickle refers to an object elsewhere; load it with persistentLoad, which finds such objects')
    return this.#try(content, () => persistentLoad(this.#string(content)))
  }

  #container(syntax: MapSyntax, id: number | undefined, form: string, content: Syntax): unknown {
    if (content.type !== 'list') throw this.#error(content, `${form} holds a list`)
    switch (form) {
      case '$list':
        return this.#fill(this.#remember(syntax, id, []), content.items)
      case '$tuple':
        return Object.freeze(this.#fill(this.#remember(syntax, id, PyTuple.open<unknown>()), content.items))
      case '$map':
        return this.#pairs(this.#remember(syntax, id, new Map<unknown, unknown>()), content.items)
      default: {
        const set = this.#remember(syntax, id, form === '$set' ? new Set<unknown>() : new PyFrozenSet<unknown>())
        for (const item of content.items) set.add(this.read(item))
        return set
      }
    }
  }

  #pairs(map: Map<unknown, unknown>, pairs: readonly Syntax[]): Map<unknown, unknown> {
    for (const pair of pairs) {
      const [key, value] = pair.type === 'list' && pair.items.length === 2 ? pair.items : []
      if (key === undefined || value === undefined) throw this.#error(pair, '$map holds pairs of key and value')
      const name = this.read(key)
      if (map.has(name)) throw this.#error(key, 'a key of $map is there twice')
      map.set(name, this.read(value))
    }
    return map
  }

  #scalar(form: string, content: Syntax, id: number | undefined): unknown {
    const text = this.#string(content)
    const { preserve } = this.#options
    switch (form) {
      case '$unicode':
        return preserve ? new PyUnicode(text) : text
      case '$string':
        return preserve && id !== undefined ? new PyString(text) : text
      case '$float': {
        const value = parsePyFloat(text)
        if (value === undefined) throw new TypeError(`${JSON.stringify(text)} is no number`)
        return preserve && Number.isInteger(value) && !Object.is(value, -0) ? new PyFloat(value) : value
      }
      case '$bigint':
        return toBigInt(text)
      case '$int': {
        const value = toBigInt(text)
        return Number.isSafeInteger(Number(value)) && !preserve ? Number(value) : new PyInt(value)
      }
      case '$decimal':
        return new PyDecimal(text)
      case '$bytearray':
        return PyByteArray.from(toBytes(text))
      case '$bytes':
        return toBytes(text)
      default:
        return toDate(text)
    }
  }

  #string(content: Syntax): string {
    if (content.type === 'scalar' && typeof content.value === 'string') return content.value
    throw this.#error(content, 'a string is needed here')
  }

  #remember<T>(syntax: Syntax, id: number | undefined, value: T): T {
    if (id === undefined) return value
    if (this.#memo.has(id)) throw this.#error(syntax, `the $id ${id} is given twice`)
    this.#memo.set(id, value)
    return value
  }

  #try<T>(syntax: Syntax, work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof UnpicklingError) throw error
      throw this.#error(syntax, error instanceof Error ? error.message : String(error), error)
    }
  }

  #error(syntax: Syntax, message: string, cause?: unknown): UnpicklingError {
    return new UnpicklingError(message, positionOf(this.#text, syntax.offset), cause === undefined ? undefined : { cause })
  }
}

function toBigInt(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw new TypeError(`${JSON.stringify(text.slice(0, 60))} is no integer`)
  if (text.length > maxDigits) throw new TypeError(`an integer has at most ${maxDigits} digits here`)
  return BigInt(text)
}

function toBytes(text: string): Uint8Array {
  const bytes = fromBase64(text)
  if (bytes === undefined) throw new TypeError(`${JSON.stringify(text.slice(0, 60))} is no base64`)
  return bytes
}

function toDate(text: string): Date | PyDate {
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (day !== null) return new PyDate(Number(day[1]), Number(day[2]), Number(day[3]))
  const match = /^((?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{3})(\d{3})?)?Z$/.exec(text)
  const time = match === null ? Number.NaN : Date.parse(`${match[1] as string}.${match[2] ?? '000'}Z`)
  if (Number.isNaN(time))
    throw new TypeError(`${JSON.stringify(text.slice(0, 60))} is no date such as 2020-01-02 and no time such as 2020-01-02T03:04:05.000Z`)
  const micros = Number(match?.[3] ?? 0)
  return micros === 0 ? new Date(time) : new PyDateTime(time, micros)
}
