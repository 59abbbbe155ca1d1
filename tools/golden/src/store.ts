import type { ReadableStorage, WritableStorage } from '@syncline/core'
import type { Location } from './command.ts'
import type { Abilities } from './facts.ts'

/** A kind of store, opened for a group of tests. */
export interface Store {
  readonly name: string
  readonly abilities: Abilities
  /** An empty tree. */
  place(): Promise<Place>
  close(): Promise<void>
}

/** One tree on a store. */
export interface Place {
  /** For the engine. */
  readonly storage: WritableStorage
  /** For its users, who are other clients of the store. */
  readonly client: WritableStorage
  /** Looks at what is there on another way than the adapter under test, where there is one. */
  readonly view: ReadableStorage
  /** For the command; absent where a process has it to itself. */
  readonly location?: Location
}
