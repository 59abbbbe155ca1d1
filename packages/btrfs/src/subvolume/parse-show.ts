import type { RawPath, RawText } from '../stream/command.ts'
import type { SubvolumeDetails } from './subvolume.ts'

/**
 * Reads what `btrfs subvolume show` prints.
 *
 * @param output - a character per byte
 * @param path - of the subvolume, relative to the root that asks
 * @returns `undefined` if it is something else
 */
export function parseShow(output: RawText, path: RawPath): SubvolumeDetails | undefined {
  const [treePath, ...lines] = output.split('\n')
  const fields = new Map<string, string>()
  for (const line of lines) {
    const [, key, value] = /^\t([A-Z][^:\t]*):\s*(.*)$/.exec(line) ?? []
    // The first counts: paths of snapshots come at the end and may look like anything.
    if (key !== undefined && value !== undefined && !fields.has(key)) fields.set(key, value.trimEnd())
  }
  const uuid = given(fields.get('UUID'))
  if (treePath === undefined || uuid === undefined) return undefined
  const readonly = fields.get('Flags')?.includes('readonly') === true
  return {
    uuid,
    parentUuid: given(fields.get('Parent UUID')),
    receivedUuid: given(fields.get('Received UUID')),
    generation: Number(fields.get('Generation')),
    createdGeneration: Number(fields.get('Gen at creation')),
    id: Number(fields.get('Subvolume ID')),
    path,
    readonly,
    sendable: readonly,
    treePath: treePath === '/' ? '' : treePath,
    created: timeOf(fields.get('Creation time')),
  }
}

/** `2026-11-20 09:26:20 +0000`, in whatever zone. */
function timeOf(text: string | undefined): number | undefined {
  const [, date, time, hours, minutes] = /^(\S+) (\S+) ([+-]\d\d)(\d\d)$/.exec(text ?? '') ?? []
  return date === undefined ? undefined : Date.parse(`${date}T${time}${hours}:${minutes}`)
}

function given(uuid: string | undefined): string | undefined {
  return uuid === undefined || uuid === '-' || uuid === '' ? undefined : uuid
}
