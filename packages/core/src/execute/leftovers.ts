import { clockPrefix, temporaryPrefix } from '../filter/own-names.ts'
import { baseName, joinPath, parentPath } from '../path.ts'
import type { Path } from '../protocol.ts'
import { removeEntry } from './effects.ts'
import type { RunSide } from './run-side.ts'
import type { Run } from './run.ts'
import { moveToTrash } from './trash.ts'

/** Milliseconds after which nobody still tries out a store by the file. */
const probeRestMs = 3_600_000

/**
 * Clears away what interrupted runs left. Unfinished files are removed; what was put aside may exist nowhere else and goes to the trash.
 * Best effort: what cannot be cleared stays for the next run.
 */
export async function clearLeftovers(run: Run, at: RunSide, paths: readonly Path[]): Promise<void> {
  for (const path of paths) {
    if (baseName(path).startsWith(clockPrefix)) {
      await removeEntry(run, at, path, undefined).catch(() => {})
      continue
    }
    if (baseName(path).startsWith(`${temporaryPrefix}probe-`)) {
      await clearProbe(run, at, path).catch(() => {})
      continue
    }
    const [, use, name] = /^(new|old|case)-(.*)$/s.exec(baseName(path).slice(temporaryPrefix.length)) ?? []
    if (use === undefined || name === undefined || !baseName(path).startsWith(temporaryPrefix)) continue
    if (!(await run.mayStart())) return
    try {
      if (use === 'new') await removeEntry(run, at, path, undefined)
      else {
        const entry = await run.stat(at, path)
        if (entry !== undefined && entry.kind !== 'problem') await moveToTrash(run, at, path, entry, joinPath(parentPath(path), name))
      }
    } catch {
      continue
    }
  }
}

/** A probe that is removed while another run asks with it would tell that run something wrong, so only an old one goes. */
async function clearProbe(run: Run, at: RunSide, path: Path): Promise<void> {
  const entry = await run.stat(at, path)
  if (entry?.kind !== 'file' || entry.modified === undefined || entry.modified > run.context.now() - probeRestMs) return
  await removeEntry(run, at, path, entry)
}
