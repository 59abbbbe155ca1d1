import type { FaultProxy } from '@syncline/services/fault-proxy'
import type { ReadableStorage, WritableStorage } from '@syncline/core'
import type { Location } from '../command.ts'

/** A server that a test has to itself, with a network in front of it that fails when told to. */
export interface Arena {
  readonly proxy: FaultProxy
  /** A new, empty tree on the server. */
  place(): Promise<ArenaPlace>
  /** The server dies. */
  kill(): Promise<void>
  /** It comes back, with what it stored. */
  start(): Promise<void>
  close(): Promise<void>
}

/** A tree on the server. */
export interface ArenaPlace {
  /** A new client, through the proxy. The caller closes it. */
  open(): Promise<WritableStorage>
  /** What is stored, without proxy. */
  readonly view: ReadableStorage
  /** For the command, through the proxy. */
  readonly location: Location
  /** Where the tree is on this machine, if it is in a directory; owned by the server's user. */
  readonly directory?: string
}
