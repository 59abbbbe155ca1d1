import type { Side } from './modes.ts'
import type { PlanItem } from './plan.ts'
import type { Path } from './protocol.ts'

/** Finds names that a store without exact names cannot hold beside each other. Holds every path of the side, so it is used only where it must be. */
export class NameCollisions {
  readonly side: Side
  readonly #paths = new Map<string, Path[]>()

  constructor(side: Side) {
    this.side = side
  }

  /** A path the side has. */
  see(path: Path): void {
    const key = foldName(path)
    const paths = this.#paths.get(key)
    if (paths === undefined) this.#paths.set(key, [path])
    else if (!paths.includes(path)) paths.push(path)
  }

  /** Groups of paths that would be one on this side after the plan, if the plan creates at least one of them. */
  find(items: readonly PlanItem[]): { readonly side: Side; readonly paths: readonly Path[] }[] {
    const suffix = this.side === 'source' ? 'SOURCE' : 'DESTINATION'
    const writes = this.side === 'source' ? 'DOWNLOAD' : 'UPLOAD'
    const gone = new Set<Path>()
    const created = new Map<string, Path[]>()
    for (const item of items) {
      if (item.action === `DELETE_${suffix}`) gone.add(item.path)
      else if (item.action === `RENAME_${suffix}`) {
        if (item.from !== null) gone.add(item.from)
        for (const moved of item.moved ?? []) gone.add(moved.from)
        for (const path of [item.path, ...(item.moved ?? []).map(moved => moved.to)]) add(created, path)
      } else if (item.action.startsWith(writes)) add(created, item.path)
    }
    const found: { side: Side; paths: Path[] }[] = []
    for (const [key, paths] of created) {
      const all = new Set([...paths, ...(this.#paths.get(key) ?? []).filter(path => !gone.has(path))])
      if (all.size > 1) found.push({ side: this.side, paths: [...all].sort() })
    }
    return found
  }
}

function add(map: Map<string, Path[]>, path: Path): void {
  const key = foldName(path)
  const paths = map.get(key)
  if (paths === undefined) map.set(key, [path])
  else paths.push(path)
}

/** What stores that fold case and Unicode forms make of a name, near enough to warn: composed, in lower case. */
function foldName(path: Path): string {
  return path.normalize('NFC').toLowerCase()
}
