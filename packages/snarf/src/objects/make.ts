import { messageOf } from '@syncline/core'
import type { ClassDefinition } from '../registry/index.ts'
import type { ObjectSpace } from './object-space.ts'

/** A new object of a factory's class: by the `create` of its definition, else by its constructor without arguments. */
export function make(space: ObjectSpace, factory: string): object {
  const definition = classOf(space, factory)
  if (definition.create !== undefined) return definition.create()
  if (definition.name === '__builtin__.dict') return new Map()
  try {
    return new (definition.type as new () => object)()
  } catch (cause) {
    throw new TypeError(`Don't know how to create ${factory}: ${messageOf(cause)}`, { cause })
  }
}

/** An object of a factory's class that nobody made: good for asking which synchronizer it would have, and for nothing else. */
export function hollow(space: ObjectSpace, factory: string): object {
  return Object.create((classOf(space, factory).type as { readonly prototype: object }).prototype) as object
}

/** @throws UnknownClassError, or a TypeError if the name is not that of a class */
function classOf(space: ObjectSpace, factory: string): ClassDefinition {
  const definition = space.registry.find(factory)
  if ('isFunction' in definition) throw new TypeError(`Don't know how to create ${factory}: it is a function; register a generator for it`)
  return definition
}
