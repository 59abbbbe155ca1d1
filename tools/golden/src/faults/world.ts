import { createHash } from 'node:crypto'
import {
  collect,
  isStorageError,
  memory,
  type MemoryStorage,
  type Path,
  type ReadableStorage,
  SyncEngine,
  SyncPair,
  type SyncOptions,
  type SyncProgressEvent,
  SyncProgressTracker,
  toBytes,
  type WritableStorage,
} from '@syncline/core'
import { expect } from 'vitest'
import type { ArenaPlace } from './arena.ts'

/** How a run ended, whether it came to an end by itself or was given up. */
export interface Ending {
  /** As the command would exit. */
  readonly exitCode: number
  readonly code: string | undefined
  readonly failures: readonly { readonly path: Path; readonly code: string; readonly message: string }[]
  readonly problems: readonly Path[]
  readonly items: readonly string[]
  readonly message: string
}

/** Which way the content goes. */
export type Direction = 'up' | 'down'

/** A tree here and a tree on a server, the state of the pair, and what each file may hold. */
export class World {
  readonly local: MemoryStorage = memory({ name: 'local:' })
  readonly direction: Direction
  readonly #place: ArenaPlace
  readonly #state = memory({ name: 'state:' })
  /** Digests of every content a file has had, by path: what may be there. */
  readonly #versions = new Map<Path, Set<string>>()

  constructor(place: ArenaPlace, direction: Direction) {
    this.#place = place
    this.direction = direction
  }

  /** Where the content comes from. */
  async #giving<T>(work: (storage: WritableStorage) => Promise<T>): Promise<T> {
    if (this.direction === 'up') return work(this.local)
    const storage = await this.#place.open()
    try {
      return await work(storage)
    } finally {
      await storage.close?.()
    }
  }

  get receiver(): ReadableStorage {
    return this.direction === 'up' ? this.#place.view : this.local
  }

  /** Writes files at the giving side. */
  async give(files: Readonly<Record<Path, Uint8Array | string>>, day = 1): Promise<void> {
    await this.#giving(async storage => {
      for (const [path, content] of Object.entries(files)) {
        const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
        await storage.write(path, toBytes(bytes), { size: bytes.length, modified: Date.UTC(2024, 5, day) })
        const versions = this.#versions.get(path) ?? new Set()
        this.#versions.set(path, versions.add(digest(bytes)))
      }
    })
  }

  /** One run with a client of its own. */
  async sync(options: SyncOptions & { readonly onEvent?: (event: SyncProgressEvent) => void } = {}): Promise<Ending> {
    const { onEvent, ...config } = options
    let remote: WritableStorage | undefined
    try {
      remote = await this.#place.open()
      const [source, destination] = this.direction === 'up' ? [this.local, remote] : [remote, this.local]
      const result = await new SyncEngine({ mode: 'source-to-destination', ...config, progressTracker: new SyncProgressTracker(onEvent) }).syncPair(
        new SyncPair({ source, destination, state: this.#state, id: 'faults' }),
      )
      return {
        exitCode: result.exitCode,
        code: undefined,
        failures: result.failures,
        problems: result.problems.map(({ path }) => path),
        items: result.plan.items.map(({ action, path }) => `${action} ${path}`),
        message: [...result.failures, ...result.refusals, ...result.stale].map(({ message }) => message).join('\n'),
      }
    } catch (error) {
      if (!isStorageError(error)) throw error
      const exitCode = unreachable.has(error.code) ? 6 : 1
      return { exitCode, code: error.code, failures: [], problems: [], items: [], message: error.message }
    } finally {
      await remote?.close?.().catch(() => {})
    }
  }

  /** Nothing half-made is to be seen: each file at the receiving side is whole, in the new or the old version. */
  async expectNoPartialFile(when: string): Promise<void> {
    for await (const { path, bytes } of filesOf(this.receiver)) {
      if (path.includes('.syncline-')) continue
      const isKnown = this.#versions.get(path)?.has(digest(bytes)) === true
      expect(isKnown, `${when}: ${path} with ${bytes.length} bytes is a version that was given`).toBe(true)
    }
  }

  /** An ordinary run ends well, both sides are the same, nothing temporary is left, and the run after it does nothing. */
  async expectRepair(when: string): Promise<void> {
    const repaired = await this.sync()
    expect([repaired.exitCode, repaired.message], `${when}: the next run`).toEqual([0, ''])
    const [given, received] = [new Map<Path, string>(), new Map<Path, string>()]
    await this.#giving(async storage => {
      for await (const { path, bytes } of filesOf(storage)) given.set(path, digest(bytes))
    })
    for await (const { path, bytes } of filesOf(this.receiver)) received.set(path, digest(bytes))
    expect(received, `${when}: what is there after the next run`).toEqual(given)
    const rest = await this.sync()
    expect([rest.exitCode, rest.items], `${when}: the run after the next`).toEqual([0, []])
  }

  /** Whatever is wrong with a path is said with its name. */
  expectNamed({ failures }: Ending, when: string): void {
    for (const { path, message } of failures) {
      expect(
        this.#versions.has(path) || [...this.#versions.keys()].some(file => file.startsWith(`${path}/`)),
        `${when}: ${path} is a path of the tree`,
      ).toBe(true)
      expect(message, `${when}: the message of ${path}`).not.toBe('')
    }
  }
}

/** Codes for which the command says that it cannot reach the place. */
const unreachable: ReadonlySet<string> = new Set([
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'NOT_A_DIRECTORY',
  'RATE_LIMITED',
  'TIMEOUT',
  'UNAVAILABLE',
])

async function* filesOf(storage: ReadableStorage): AsyncGenerator<{ readonly path: Path; readonly bytes: Uint8Array }> {
  for await (const item of storage.list(''))
    for (const entry of Array.isArray(item) ? item : [item])
      if (entry.kind === 'file') yield { path: entry.path, bytes: await collect(storage.read(entry.path)) }
}

function digest(bytes: Uint8Array): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`
}

/** Bytes that do not compress and do not repeat; the same for the same seed. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed * 2_654_435_761 + 1
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** A tree with small files in several directories and a big one. */
export function mixedTree(seed: number): Record<Path, Uint8Array> {
  const files: Record<Path, Uint8Array> = {}
  for (let i = 0; i < 12; i++) files[`d${i % 3}/file-${i}.bin`] = noise(500 + 400 * i, seed + i)
  files['big/one.bin'] = noise(2_500_000, seed + 100)
  files['empty'] = new Uint8Array()
  return files
}
