import type { Capabilities, ClockProbe, Json } from '@syncline/core'

/** One test of one or more promises. */
export interface TestFinding {
  readonly type: 'test'
  /** Numbers of docs/protocol.md. */
  readonly promises: readonly string[]
  readonly sentence: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What the storage did, or why the test does not apply. */
  readonly message?: string
}

/** What an examination finds out about a storage, one thing after the other. Plain data, printed as it is by `--json`. */
export type Finding =
  | {
      readonly type: 'storage'
      /** Never a credential. */
      readonly name: string
      readonly writable: boolean
      readonly capabilities: Capabilities
      /** Optional methods that it offers. */
      readonly offers: readonly string[]
      /** Optional methods that it lacks. */
      readonly lacks: readonly string[]
      /** Bytes, where the store tells. */
      readonly freeSpace?: number
    }
  | ({ readonly type: 'clock' } & ClockProbe)
  | {
      readonly type: 'speed'
      /** Milliseconds of one look-up, the median of several. */
      readonly latencyMs: number
      readonly bytes: number
      readonly writeBytesPerSecond?: number
      readonly readBytesPerSecond?: number
    }
  /** What trying taught the storage about its server. */
  | { readonly type: 'learned'; readonly facts: Json }
  | TestFinding
  /** Before each test, for a person who waits. */
  | { readonly type: 'testing'; readonly index: number; readonly total: number; readonly sentence: string }
  /** A part of the examination could not be done. */
  | { readonly type: 'failure'; readonly part: string; readonly code: string; readonly message: string; readonly exitCode: number }
  /** What could not be removed again. */
  | { readonly type: 'left'; readonly path: string; readonly message: string }
