import { decorate, type Decorated, messageOf, type Overrides, type Path, type ReadableStorage } from '@syncline/core'

/** One call, in the order in which the calls began. */
export interface RecordedCall {
  readonly method: string
  /** The first argument, if it is a path. */
  readonly path: Path | undefined
  readonly args: readonly unknown[]
  /** `running` until it has ended; a listing or read that was left stays so. */
  readonly outcome: 'running' | 'done' | { readonly error: string }
}

/** Writes down every call. `writes` are those that could have changed something. */
export type Recorded<S extends ReadableStorage> = Decorated<S> & { readonly log: readonly RecordedCall[]; readonly writes: readonly RecordedCall[] }

const harmless: ReadonlySet<string> = new Set(['list', 'stat', 'read', 'hash', 'snapshot', 'watch', 'close', 'flush'])

/** Wraps a storage so that a test can see what was asked of it. */
export function recording<S extends ReadableStorage>(storage: S): Recorded<S> {
  return record(storage, [])
}

function record<S extends ReadableStorage>(storage: S, log: { -readonly [K in keyof RecordedCall]: RecordedCall[K] }[]): Recorded<S> {
  const members = storage as unknown as Readonly<Record<string, unknown>>
  const overrides: Record<string, unknown> = {}
  for (const method of Object.keys(decorate(storage))) {
    // `refuses` asks nobody, and its answer is no promise.
    if (typeof members[method] !== 'function' || method === 'refuses') continue
    const run = (args: readonly unknown[]): unknown => (members[method] as (...args: unknown[]) => unknown).apply(storage, [...args])
    const begin = (args: readonly unknown[]): (typeof log)[number] => {
      const call: (typeof log)[number] = { method, path: typeof args[0] === 'string' ? args[0] : undefined, args, outcome: 'running' }
      log.push(call)
      return call
    }
    overrides[method] =
      method === 'list' || method === 'read' || method === 'watch'
        ? async function* (...args: readonly unknown[]) {
            const call = begin(args)
            try {
              yield* run(args) as AsyncIterable<unknown>
              call.outcome = 'done'
            } catch (error) {
              call.outcome = { error: messageOf(error) }
              throw error
            }
          }
        : async (...args: readonly unknown[]) => {
            const call = begin(args)
            try {
              const answer = await run(args)
              call.outcome = 'done'
              return method === 'snapshot' ? record(answer as ReadableStorage, log) : answer
            } catch (error) {
              call.outcome = { error: messageOf(error) }
              throw error
            }
          }
  }
  return Object.defineProperties(decorate(storage, overrides as Overrides<S>), {
    log: { get: () => log },
    writes: { get: () => log.filter(({ method }) => !harmless.has(method)) },
  }) as Recorded<S>
}
