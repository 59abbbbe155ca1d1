import type { ReadableStorage, WritableStorage } from '../protocol.ts'

/** What a wrapper of an `S` is: writable if `S` is, and nothing that only `S` has. */
export type Decorated<S extends ReadableStorage> = S extends WritableStorage ? WritableStorage : ReadableStorage

/** Members that a wrapper replaces. An optional method set to `undefined` is hidden. */
export type Overrides<S extends ReadableStorage> = {
  readonly [K in keyof Decorated<S>]?: undefined extends Decorated<S>[K] ? Decorated<S>[K] | undefined : Decorated<S>[K]
}

const readMethods = ['list', 'stat', 'read', 'hash', 'snapshot', 'watch', 'close'] as const satisfies readonly (keyof ReadableStorage)[]

// Without `transferFrom`: a batch goes from storage to storage directly, past a wrapper that counts, limits, retries or renames.
const writeMethods = [
  'write',
  'remove',
  'makeDirectory',
  'makeSymlink',
  'setModified',
  'setMode',
  'copy',
  'move',
  'upload',
  'refuses',
  'freeSpace',
  'flush',
] as const satisfies readonly (keyof WritableStorage)[]

/**
 * Wraps a storage: `overrides` replace or hide members, every other method of the protocol that exists is forwarded, and none that does not.
 *
 * Not forwarded unless overridden: `transferFrom`, which would bypass the wrapper; `snapshot`, if what is read is overridden, for the same reason; and whatever
 * is not of the protocol, such as symbol-keyed brands by which a storage recognises its own kind.
 *
 * @example
 * const counted = decorate(storage, {
 *   stat: (path, options) => {
 *     calls++
 *     return storage.stat(path, options)
 *   },
 *   move: undefined,
 * })
 */
export function decorate<S extends ReadableStorage>(storage: S, overrides: Overrides<S> = {}): Decorated<S> {
  return forward(storage, [...readMethods, ...writeMethods], overrides) as unknown as Decorated<S>
}

/** Only what a {@link ReadableStorage} has, whatever else `storage` can do. */
export function decorateReadable(storage: ReadableStorage, overrides: Overrides<ReadableStorage> = {}): ReadableStorage {
  return forward(storage, readMethods, overrides) as unknown as ReadableStorage
}

function forward(storage: ReadableStorage, names: readonly string[], overrides: object): Record<string, unknown> {
  const members = storage as unknown as Readonly<Record<string, unknown>>
  const wrapper: Record<string, unknown> = {}
  // Getters, because a storage may learn what it can do (after connecting, after probing) once the wrapper exists.
  for (const name of ['name', 'capabilities'])
    Object.defineProperty(wrapper, name, { get: () => members[name], enumerable: true, configurable: true })
  const readsAnew = ['list', 'stat', 'read', 'hash'].some(name => name in overrides)
  for (const name of names) {
    if (typeof members[name] !== 'function' || (name === 'snapshot' && readsAnew)) continue
    wrapper[name] = (...args: unknown[]) => (members[name] as (...args: unknown[]) => unknown).apply(storage, args)
  }
  if (members['learned'] !== undefined)
    Object.defineProperty(wrapper, 'learned', { get: () => members['learned'], enumerable: true, configurable: true })
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(overrides))) {
    if ('value' in descriptor && descriptor.value === undefined) delete wrapper[name]
    else Object.defineProperty(wrapper, name, { ...descriptor, configurable: true })
  }
  return wrapper
}
