import type { ObjectSpace } from '../objects/object-space.ts'

/**
 * What a module exports so that `syncline objects` can work with its objects.
 *
 * @example
 * export const space = new ObjectSpace({ registry }).synchronizer('wiki.Page', PageSynchronizer)
 * export const name = 'wiki'
 * export const root = () => loadWiki('wiki.json')
 * export const save = wiki => storeWiki('wiki.json', wiki)
 */
export interface ObjectsModule {
  /** The classes, and how each is kept. */
  readonly space: ObjectSpace
  /** The root object, or a function that gives it, now or later: called once for each command. */
  readonly root: unknown
  /** Under which the root lies in a working copy; default `root`. */
  readonly name?: string
  /** Keeps the root after a commit has changed it; in one step, or not at all. Absent: there is nothing to commit to. */
  readonly save?: (root: unknown) => void | Promise<void>
  /** Lets go of what `root` opened or locked; called last, whatever happened. */
  readonly close?: (root: unknown) => void | Promise<void>
}
