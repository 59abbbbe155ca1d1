import type { MessagePort } from 'node:worker_threads'
import type { HashName, Path } from '@syncline/core'
import type { ScanState } from './scan.ts'
import type { Symlinks } from './tree.ts'
import type { PackedError, PackedItems, PackedOutcomes, PackedPage } from './wire.ts'

// What this thread and the others say to each other.

/** Words of shared memory by which a scan's two threads steer each other. */
export const scanControl = { consumed: 0, cancelled: 1, answers: 2, length: 3 } as const

/** A tree as it is sent. */
export interface PackedTree {
  readonly root: string
  readonly symlinks: Symlinks
}

/** What a thread is asked to do. */
export type Job =
  | {
      readonly kind: 'scan'
      readonly tree: PackedTree
      readonly state: ScanState
      readonly asks: boolean
      readonly port: MessagePort
      readonly control: Int32Array
    }
  | {
      readonly kind: 'transfer'
      readonly source: PackedTree
      readonly target: PackedTree
      readonly items: PackedItems
      readonly hash: HashName | undefined
      readonly fsync: boolean
      readonly reports: boolean
      readonly aborted: Int32Array
    }
  | { readonly kind: 'hash'; readonly tree: PackedTree; readonly path: Path; readonly name: HashName; readonly aborted: Int32Array }

/** What a scan sends through its own port. */
export type ScanMessage =
  | { readonly type: 'page'; readonly page: PackedPage }
  /** Directories, separated by NUL: which of them are wanted? Answered by {@link ScanAnswer}, in order. */
  | { readonly type: 'ask'; readonly directories: string }
  | { readonly type: 'end'; readonly temporaries: readonly string[] }
  | { readonly type: 'failed'; readonly error: PackedError }

/** Indexes of the directories that are not wanted. */
export type ScanAnswer = readonly number[]

/** What a thread answers. */
export type Answer =
  | { readonly id: number; readonly type: 'progress'; readonly index: number; readonly bytes: number }
  | { readonly id: number; readonly type: 'done'; readonly result: PackedOutcomes | string | undefined }
  | { readonly id: number; readonly type: 'failed'; readonly error: PackedError }
