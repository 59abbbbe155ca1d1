import type { Capabilities, Path, ReadableStorage, WritableStorage } from '@syncline/core'
import type { PromiseNumber } from './promises.ts'

/** What the suite needs of a test runner; those of vitest, `node:test`, Jest, Mocha and Bun fit. */
export interface Runner {
  describe(name: string, define: () => void): unknown
  test(name: string, run: (context?: unknown) => Promise<void>): unknown
}

/** One thing that a tree holds. */
export type TreeItem =
  | { readonly kind: 'file'; readonly path: Path; readonly content: Uint8Array }
  | { readonly kind: 'directory'; readonly path: Path }
  | { readonly kind: 'symlink'; readonly path: Path; readonly target: string }

/** A storage under test. */
export interface Subject {
  readonly storage: ReadableStorage
  /** Called after each test, failed or not; `storage.close` is called by the suite before. */
  readonly dispose?: () => Promise<void> | void
}

/**
 * Makes a storage for one test.
 *
 * A writable storage must be empty; the suite fills it, and `tree` is empty. A read-only storage must hold `tree`: files, and directories where the
 * storage promises them.
 */
export type Factory = (tree: readonly TreeItem[]) => Promise<Subject> | Subject

/** How the suite is run. */
export interface ConformanceOptions {
  /** For `describe`; default: the storage conforms to the protocol. */
  readonly title?: string
  /** Entries of the big directory; default 10,000. Less for a storage behind a slow network. */
  readonly largeListing?: number
  /** Passwords and keys that the storage was opened with: its name must hold none of them. */
  readonly secrets?: readonly string[]
  /** Known deviations, by promise, with the reason. Their tests are shown as skipped. */
  readonly deviations?: Readonly<Partial<Record<PromiseNumber, string>>>
  /** Milliseconds after which a call that should have ended counts as hanging; default 10,000. */
  readonly patienceMs?: number
}

/** What a storage promises and offers. Tests are chosen by it. */
export interface Shape {
  readonly writable: boolean
  readonly capabilities: Capabilities
  has(method: keyof WritableStorage): boolean
}

/** What a test gets. */
export interface Lab {
  readonly storage: ReadableStorage
  /** The same storage, in tests that need to write. */
  readonly writable: WritableStorage & Required<OptionalWrites>
  readonly shape: Shape
  readonly options: Required<Omit<ConformanceOptions, 'title' | 'deviations'>>
}

type OptionalWrites = Pick<
  WritableStorage,
  'makeDirectory' | 'makeSymlink' | 'setModified' | 'setMode' | 'copy' | 'move' | 'upload' | 'flush' | 'hash' | 'snapshot' | 'watch' | 'close'
>

/** A test of one or more promises. */
export interface Case {
  readonly cites: readonly [PromiseNumber, ...PromiseNumber[]]
  /** In the present tense. */
  readonly sentence: string
  /** Needs `write` and `remove`. */
  readonly writes?: boolean
  /** Optional methods that it needs. */
  readonly methods?: readonly (keyof OptionalWrites)[]
  /** Capabilities that it needs. */
  readonly promised?: readonly (keyof Capabilities)[]
  /** Of these, one is enough. */
  readonly promisedAny?: readonly (keyof Capabilities)[]
  /** What else it needs. */
  readonly when?: (shape: Shape) => boolean
  /** What the storage holds when the test begins; files by path, "/" at the end for directories. */
  readonly tree?: (shape: Shape, options: Lab['options']) => Readonly<Record<string, string | Uint8Array>>
  readonly run: (lab: Lab) => Promise<void>
}
