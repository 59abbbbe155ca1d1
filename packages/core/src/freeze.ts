import type { Side } from './modes.ts'
import type { AbortOptions, ReadableStorage } from './protocol.ts'
import { sides } from './site.ts'
import { decorateReadable } from './storages/decorate.ts'

/** The storages of a pair. */
export type Sides = Readonly<Record<Side, ReadableStorage>>

/** Sides of which some stand still. */
export interface FrozenSides {
  readonly sides: Sides
  /** Closes the snapshots. */
  release(): Promise<void>
}

/**
 * Freezes the sides that `isOnlyRead` says are not written, where they offer a snapshot; the others are given as they are.
 *
 * A snapshot goes by the name of what it is of, because names are in messages and in the state.
 */
export async function freeze(
  { source, destination }: Sides,
  isOnlyRead: (side: Side) => boolean,
  { signal }: AbortOptions = {},
): Promise<FrozenSides> {
  const frozen: { -readonly [S in Side]: ReadableStorage } = { source, destination }
  const snapshots: ReadableStorage[] = []
  const release = async (): Promise<void> => {
    for (const snapshot of snapshots.splice(0)) await snapshot.close?.()
  }
  try {
    for (const side of sides) {
      const storage = frozen[side]
      if (storage.snapshot === undefined || !isOnlyRead(side)) continue
      const snapshot = await storage.snapshot(signal === undefined ? {} : { signal })
      snapshots.push(snapshot)
      frozen[side] = snapshot.name === storage.name ? snapshot : decorateReadable(snapshot, { name: storage.name })
    }
  } catch (error) {
    await release()
    throw error
  }
  return { sides: frozen, release }
}
