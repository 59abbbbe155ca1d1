import type { Path } from '@syncline/core'
import type { Metadata } from '../metadata/index.ts'
import { Locations } from './locations.ts'
import type { ObjectSpace } from './object-space.ts'
import { DirectorySynchronizer } from './synchronizer.ts'

/** What puts children into an object: its own synchronizer if that is one of directories, else what every Map and plain object is served by. */
export function containerOf(space: ObjectSpace, container: object): DirectorySynchronizer {
  const own = space.getSynchronizer(container)
  return own?.kind === 'directory' ? own : new DirectorySynchronizer(container, space)
}

/** A space whose pickles refer to what lies elsewhere in a container, as it is now; the space itself if they hold everything they refer to. */
export async function locate(
  space: ObjectSpace,
  metadata: Metadata,
  container: object,
  path: Path,
): Promise<{ readonly space: ObjectSpace; readonly locations: Locations | undefined }> {
  if (!space.refersByPath) return { space, locations: undefined }
  const locations = await Locations.of(space, metadata, containerOf(space, container), path)
  return { space: space.within(locations), locations }
}
