import type { ObjectSpace } from './object-space.ts'
import { DirectorySynchronizer } from './synchronizer.ts'

/** What puts children into an object: its own synchronizer if that is one of directories, else what every Map and plain object is served by. */
export function containerOf(space: ObjectSpace, container: object): DirectorySynchronizer {
  const own = space.getSynchronizer(container)
  return own?.kind === 'directory' ? own : new DirectorySynchronizer(container, space)
}
