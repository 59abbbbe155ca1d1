import type { Path } from '@syncline/core'
import type { EntryAttributes } from '../metadata/index.ts'
import type { PathError } from './errors.ts'
import type { Revisions } from './revision.ts'
import type { Digest } from './writeable.ts'

/** What a commit does to an object: makes it, changes it in place, puts another one in its place, takes it away. */
export type CommitAction = 'create' | 'update' | 'replace' | 'delete'

/** One change that a commit makes. Survives `JSON.stringify`. */
export interface CommitItem {
  readonly action: CommitAction
  /** In the repository. */
  readonly path: Path
  /** Of the object in its container, as text. */
  readonly key: string
  /** `body` also stands for a directory itself. */
  readonly part: 'body' | 'metadata' | 'extras' | 'annotations'
  /** A clause for people: why. */
  readonly reason: string
}

/** What a commit will do, in order. Nothing has been changed. The revisions are those of the planning, or empty strings if there are problems. */
export interface CommitPlan extends Revisions {
  readonly items: readonly CommitItem[]
  /** Paths that cannot be committed; with any, nothing is. */
  readonly problems: readonly PathError[]
}

/** One object of a plan. Unchanged ones without changes below them are left out. */
export interface PlanNode {
  readonly path: Path
  readonly name: string
  readonly key: unknown
  readonly entry: EntryAttributes
  readonly action: CommitAction | undefined
  readonly reason: string
  /** What is in the container now. */
  readonly old: { readonly object: unknown; readonly digest?: Digest } | undefined
  /** Of the file that will be read. */
  readonly body: Digest | undefined
  readonly isDirectory: boolean
  readonly children: readonly PlanNode[]
  /** Why metadata are set; `undefined` if they are not. */
  readonly metadata: string | undefined
  readonly extras: SpecialNode | undefined
  readonly annotations: SpecialNode | undefined
}

/** Extras or annotations that differ from the object's. */
export interface SpecialNode {
  readonly path: Path
  readonly reason: string
  /** Of a directory with a file for each; absent for one file. */
  readonly children?: readonly PlanNode[]
}

/** The changes of a tree, in the order in which they are made. */
export function itemsOf(nodes: readonly PlanNode[]): CommitItem[] {
  const items: CommitItem[] = []
  for (const node of nodes) collectItems(node, items)
  return items
}

/** The files that are read when nodes are carried out, in order. */
export function filesOf(nodes: readonly PlanNode[], found: Path[] = []): Path[] {
  for (const { path, action, isDirectory, children, extras, annotations } of nodes) {
    if (!isDirectory && action !== undefined && action !== 'delete') found.push(path)
    filesOf(children, found)
    for (const special of [extras, annotations]) {
      if (special?.children !== undefined) filesOf(special.children, found)
      else if (special !== undefined) found.push(special.path)
    }
  }
  return found
}

function collectItems(node: PlanNode, items: CommitItem[]): void {
  const { path, action, reason, metadata } = node
  const key = String(node.key)
  if (action !== undefined) items.push({ action, path, key, part: 'body', reason })
  for (const child of node.children) collectItems(child, items)
  // What is made is made with all its parts.
  if (action === 'create' || action === 'replace') return
  if (metadata !== undefined) items.push({ action: 'update', path, key, part: 'metadata', reason: metadata })
  for (const part of ['extras', 'annotations'] as const) {
    const special = node[part]
    if (special !== undefined) items.push({ action: 'update', path: special.path, key, part, reason: special.reason })
  }
}
