import { joinPath, compareUtf8, type Path } from '@syncline/core'
import type { EntryAttributes, Metadata } from '../metadata/index.ts'
import type { ObjectSpace } from './object-space.ts'
import type { DirectorySynchronizer } from './synchronizer.ts'

/** One child of a directory, in the content or in the repository or in both. */
export interface Child {
  /** File name; of a child that only the content has, the text of its key. */
  readonly name: string
  readonly path: Path
  readonly entry: EntryAttributes
}

/** The key in the content of what has this file name. @throws UnknownClassError for a `keytype` that is not registered */
export function originalKey(space: ObjectSpace, entry: EntryAttributes, name: string): unknown {
  const text = entry['key'] ?? name
  const keyType = entry['keytype']
  return keyType === undefined ? text : space.registry.findKeyType(keyType)(text)
}

/**
 * Children of a directory in byte order of their file names: all that are registered, then those that only the content has.
 *
 * A key is known by its entry even where the file name differs from it.
 */
export async function childrenOf(
  container: DirectorySynchronizer | undefined,
  path: Path,
  metadata: Metadata,
): Promise<{ readonly registered: readonly Child[]; readonly unregistered: readonly (Child & { readonly key: unknown })[] }> {
  const registered: Child[] = []
  const texts = new Set<string>()
  for (const name of await metadata.names(path)) {
    const child = joinPath(path, name)
    const entry = await metadata.get(child)
    registered.push({ name, path: child, entry })
    texts.add(entry['key'] ?? name)
  }
  const unregistered: (Child & { readonly key: unknown })[] = []
  if (container !== undefined) {
    for await (const [key] of container.entries()) {
      const name = String(key)
      if (!texts.has(name)) unregistered.push({ name, path: joinPath(path, name), entry: {}, key })
    }
  }
  unregistered.sort((a, b) => compareUtf8(a.name, b.name))
  return { registered, unregistered }
}
