import { isWritable, type ReadableStorage, toBytes, type WritableStorage } from '@syncline/core'
import { cases } from './cases/index.ts'
import { bytesOf, ConformanceError, describeError } from './check.ts'
import type { Case, ConformanceOptions, Factory, Lab, Runner, Shape, TreeItem } from './types.ts'

/**
 * Defines the tests of the storage protocol for the storages that `factory` makes.
 *
 * The tests are chosen by what the storage promises and offers: each capability and each optional method turns on its tests, and the rest are shown
 * as skipped where the runner can. A failed test throws a {@link ConformanceError} that says what the storage did and which promise that breaks.
 *
 * @example
 * import { conformance } from '@syncline/conformance'
 * import { describe, test } from 'vitest' // or node:test
 *
 * conformance({ describe, test }, () => ({ storage: myStorage() }))
 */
export function conformance(runner: Runner, factory: Factory, options: ConformanceOptions = {}): void {
  const settings: Lab['options'] = {
    largeListing: options.largeListing ?? 10_000,
    secrets: options.secrets ?? [],
    patienceMs: options.patienceMs ?? 10_000,
  }
  let shape: Promise<Shape> | undefined
  runner.describe(options.title ?? 'the storage conforms to the protocol', () => {
    for (const item of cases) {
      runner.test(`${item.cites.join(' ')} ${item.sentence}`, async context => {
        // One storage is asked for all tests, because opening one may be slow.
        const known = await (shape ??= examine(factory))
        const reason = whyNot(item, known, options)
        if (reason === undefined) await run(item, known, factory, settings)
        else skip(context, reason)
      })
    }
  })
}

async function examine(factory: Factory): Promise<Shape> {
  const { storage, dispose } = await factory([])
  const members = storage as unknown as Readonly<Record<string, unknown>>
  const methods = new Set<string>()
  for (const name of optionalMethods) if (typeof members[name] === 'function') methods.add(name)
  const shape: Shape = { writable: isWritable(storage), capabilities: { ...storage.capabilities }, has: method => methods.has(method) }
  await storage.close?.()
  await dispose?.()
  return shape
}

const optionalMethods = [
  'hash',
  'snapshot',
  'watch',
  'close',
  'makeDirectory',
  'makeSymlink',
  'setModified',
  'setMode',
  'copy',
  'move',
  'upload',
  'flush',
] as const satisfies readonly (keyof WritableStorage)[]

/** Why a test does not apply, or `undefined` if it does. */
function whyNot(item: Case, shape: Shape, { deviations }: ConformanceOptions): string | undefined {
  for (const number of item.cites) if (deviations?.[number] !== undefined) return `known deviation: ${deviations[number]}`
  if (item.writes === true && !shape.writable) return 'the storage is read-only'
  for (const name of item.promised ?? []) if (!isPromised(shape, name)) return `${name} is not promised`
  const { promisedAny } = item
  if (promisedAny !== undefined && !promisedAny.some(name => isPromised(shape, name))) return `${promisedAny.join(' or ')} is not promised`
  for (const name of item.methods ?? []) if (!shape.has(name)) return `${name} is not offered`
  return item.when === undefined || item.when(shape) ? undefined : 'it does not apply to this storage'
}

function isPromised({ capabilities }: Shape, name: keyof Shape['capabilities']): boolean {
  const value = capabilities[name]
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
}

async function run(item: Case, shape: Shape, factory: Factory, options: Lab['options']): Promise<void> {
  const tree = Object.entries(item.tree?.(shape, options) ?? {}).map(([path, content]) => toItem(path, content))
  const { storage, dispose } = await factory(
    shape.writable ? [] : tree.filter(({ kind }) => kind === 'file' || shape.capabilities.directories === true),
  )
  try {
    if (shape.writable) await fill(storage as WritableStorage, tree, shape)
    await item.run({ storage, writable: storage as Lab['writable'], shape, options })
  } catch (error) {
    if (error instanceof ConformanceError) throw error
    throw new ConformanceError(item.cites[0], `a call that should have succeeded failed: ${describeError(error)}`, error)
  } finally {
    await close(storage)
    await dispose?.()
  }
}

/** A storage that cannot be closed fails its own test, not every test. */
async function close(storage: ReadableStorage): Promise<void> {
  await storage.close?.().catch(() => undefined)
}

function toItem(path: string, content: string | Uint8Array): TreeItem {
  if (path.endsWith('/')) return { kind: 'directory', path: path.slice(0, -1) }
  return { kind: 'file', path, content: typeof content === 'string' ? bytesOf(content) : content }
}

async function fill(storage: WritableStorage, tree: readonly TreeItem[], { capabilities }: Shape): Promise<void> {
  const items = tree.values()
  // No more calls at once than the storage says help it.
  const work = async (): Promise<void> => {
    for (const item of items) {
      if (item.kind === 'directory') await storage.makeDirectory?.(item.path)
      else if (item.kind === 'file') await storage.write(item.path, toBytes(item.content), { size: item.content.length })
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, capabilities.concurrency ?? 1) }, work))
}

/** Tells the runner, if it can be told. vitest throws from `skip`, `node:test` returns; Jest has neither and shows the test as passed. */
function skip(context: unknown, reason: string): void {
  const { skip: tell } = (context ?? {}) as { readonly skip?: unknown }
  if (typeof tell === 'function') (tell as (reason: string) => void).call(context, reason)
}
