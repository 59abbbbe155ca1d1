import { decorate, type Decorated, type Overrides, type ReadableStorage } from '@syncline/core'

/** How long calls take. */
export interface SlowOptions {
  /** Waits before each call and each item of a listing or read; with a fake clock, or really. */
  readonly sleep: (method: string) => Promise<void>
}

/** Waits before every call, and before every page of a listing and chunk of a file. */
export function slow<S extends ReadableStorage>(storage: S, { sleep }: SlowOptions): Decorated<S> {
  const members = storage as unknown as Readonly<Record<string, unknown>>
  const overrides: Record<string, unknown> = {}
  for (const name of Object.keys(decorate(storage))) {
    if (typeof members[name] !== 'function') continue
    const run = (args: readonly unknown[]): unknown => (members[name] as (...args: unknown[]) => unknown).apply(storage, [...args])
    overrides[name] =
      name === 'list' || name === 'read' || name === 'watch'
        ? async function* (...args: readonly unknown[]) {
            await sleep(name)
            for await (const item of run(args) as AsyncIterable<unknown>) {
              yield item
              await sleep(name)
            }
          }
        : async (...args: readonly unknown[]) => {
            await sleep(name)
            const answer = await run(args)
            return name === 'snapshot' ? slow(answer as ReadableStorage, { sleep }) : answer
          }
  }
  return decorate(storage, overrides as Overrides<S>)
}
