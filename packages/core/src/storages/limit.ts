import type { ReadableStorage, Upload } from '../protocol.ts'
import { untilAborted } from './abort.ts'
import { type Decorated, decorate, type Overrides } from './decorate.ts'

/** Options of `limit`. */
export interface LimitOptions {
  /** Calls at once; a positive integer. */
  readonly concurrency: number
}

/**
 * Lets at most `concurrency` calls run at once; the others wait in the order in which they came.
 *
 * A `list` or `read` holds its place from its first item until it has ended or was left. An abort frees a call that waits.
 * `close` and `watch` do not count.
 *
 * A call that waits for another call of the same limited storage holds its place meanwhile: a loop over `list` that calls `stat` needs two places. To copy
 * inside one storage, wrap source and destination each on its own.
 */
export function limit<S extends ReadableStorage>(storage: S, { concurrency }: LimitOptions): Decorated<S> {
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new TypeError(`concurrency must be a positive integer, got ${concurrency}`)
  return limitBy(storage, new Places(concurrency), concurrency)
}

function limitBy<S extends ReadableStorage>(storage: S, places: Places, concurrency: number): Decorated<S> {
  const members = storage as unknown as Readonly<Record<string, unknown>>
  const method = (name: string): ((...args: readonly unknown[]) => unknown) | undefined =>
    typeof members[name] === 'function'
      ? (...args) => (members[name] as (...args: readonly unknown[]) => unknown).apply(storage, [...args])
      : undefined

  const overrides: Record<string, unknown> = {
    get capabilities() {
      return { ...storage.capabilities, concurrency: Math.min(concurrency, storage.capabilities.concurrency ?? 1) }
    },
  }
  for (const name of ['list', 'read']) {
    const call = method(name)
    if (call !== undefined)
      overrides[name] = (...args: readonly unknown[]) => places.during(signalOf(args), () => call(...args) as AsyncIterable<unknown>)
  }
  for (const name of oneShotMethods) {
    const call = method(name)
    if (call !== undefined) overrides[name] = (...args: readonly unknown[]) => places.run(signalOf(args), async () => await call(...args))
  }
  const snapshot = method('snapshot')
  if (snapshot !== undefined) {
    overrides['snapshot'] = async (...args: readonly unknown[]) =>
      limitBy(await places.run(signalOf(args), async () => (await snapshot(...args)) as ReadableStorage), places, concurrency)
  }
  const upload = method('upload')
  if (upload !== undefined) {
    overrides['upload'] = async (...args: readonly unknown[]) =>
      limitUpload(await places.run(signalOf(args), async () => (await upload(...args)) as Upload), places)
  }
  return decorate(storage, overrides as Overrides<S>)
}

const oneShotMethods = ['stat', 'hash', 'write', 'remove', 'makeDirectory', 'makeSymlink', 'setModified', 'setMode', 'copy', 'move', 'flush'] as const

function limitUpload(upload: Upload, places: Places): Upload {
  return {
    token: upload.token,
    partSize: upload.partSize,
    ...(upload.sequential !== undefined && { sequential: upload.sequential }),
    stored: options => places.run(options?.signal, () => upload.stored(options)),
    put: (index, part, options) => places.run(options?.signal, () => upload.put(index, part, options)),
    complete: options => places.run(options?.signal, () => upload.complete(options)),
    abort: () => places.run(undefined, () => upload.abort()),
  }
}

/** The options are the last argument of every method; content and parts are objects too, but have no signal. */
function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  const last = args[args.length - 1]
  return typeof last === 'object' && last !== null ? (last as { readonly signal?: AbortSignal | undefined }).signal : undefined
}

/** A counter of free places with a queue. */
class Places {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    await this.#take(signal)
    try {
      return await call()
    } finally {
      this.#give()
    }
  }

  async *during<T>(signal: AbortSignal | undefined, open: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    await this.#take(signal)
    try {
      yield* open()
    } finally {
      this.#give()
    }
  }

  async #take(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#free > 0) {
      this.#free--
      return
    }
    let admit = (): void => undefined
    const admitted = new Promise<void>(resolve => (admit = resolve))
    this.#waiting.add(admit)
    try {
      await untilAborted(admitted, signal)
    } catch (error) {
      // Admitted and aborted in the same turn: the place goes to the next one.
      if (!this.#waiting.delete(admit)) this.#give()
      throw error
    }
  }

  #give(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
