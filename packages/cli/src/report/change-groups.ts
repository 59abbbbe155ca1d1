import type { Plan, PlanItem } from '@syncline/core'
import type { Symbols, Tone } from '../terminal/style.ts'

/** Changes of one kind, as people think of them. */
export interface ChangeGroup {
  readonly symbol: keyof Symbols
  readonly tone: Tone
  /** What is done, e.g. "copy to destination". */
  readonly words: string
  readonly items: readonly PlanItem[]
  /** Content bytes that move or go. */
  readonly bytes: number
  /** What to know about the group. */
  readonly note: string
}

type GroupKey = 'upload' | 'download' | 'renameDestination' | 'renameSource' | 'deleteDestination' | 'deleteSource' | 'metadata' | 'conflict' | 'none'

const looks: Readonly<Record<GroupKey, readonly [symbol: keyof Symbols, tone: Tone, words: string]>> = {
  upload: ['upload', 'upload', 'copy to destination'],
  download: ['download', 'download', 'copy to source'],
  renameDestination: ['moveAtDestination', 'move', 'move at destination'],
  renameSource: ['moveAtSource', 'move', 'move at source'],
  deleteDestination: ['remove', 'bad', 'delete at destination'],
  deleteSource: ['remove', 'bad', 'delete at source'],
  metadata: ['metadata', 'faint', 'time or permissions only'],
  conflict: ['conflict', 'warning', 'conflict'],
  none: ['unchanged', 'faint', 'nothing to do'],
}

/** A plan's items by kind of change; kinds without items are left out. Renames count what need not be sent again. */
export function groupChanges(plan: Pick<Plan, 'items'>): ChangeGroup[] {
  const groups = new Map<GroupKey, PlanItem[]>(Object.keys(looks).map(key => [key as GroupKey, []]))
  for (const item of plan.items) groups.get(groupOf(item))?.push(item)
  const result: ChangeGroup[] = []
  for (const [key, items] of groups) {
    if (items.length === 0 || key === 'none') continue
    const [symbol, tone, words] = looks[key]
    result.push({ symbol, tone, words, items, bytes: items.reduce((sum, item) => sum + bytesOf(item, key), 0), note: noteOf(key, items) })
  }
  return result
}

function groupOf(item: PlanItem): GroupKey {
  if (item.metadata === true) return 'metadata'
  switch (item.action) {
    case 'UPLOAD_NEW':
    case 'UPLOAD_UPDATE':
    case 'UPLOAD_RESTORE':
      return 'upload'
    case 'DOWNLOAD_NEW':
    case 'DOWNLOAD_UPDATE':
    case 'DOWNLOAD_RESTORE':
      return 'download'
    case 'RENAME_DESTINATION':
      return 'renameDestination'
    case 'RENAME_SOURCE':
      return 'renameSource'
    case 'DELETE_DESTINATION':
      return 'deleteDestination'
    case 'DELETE_SOURCE':
      return 'deleteSource'
    case 'CONFLICT':
      return 'conflict'
    case 'NO_ACTION':
      return 'none'
  }
}

function bytesOf(item: PlanItem, key: GroupKey): number {
  if (key === 'deleteDestination') return sizeOf(item.destination)
  if (key === 'deleteSource') return sizeOf(item.source)
  if (key === 'renameDestination' || key === 'renameSource')
    return (item.moved ?? []).reduce((sum, { renamed }) => sum + sizeOf(renamed), sizeOf(item.source) || sizeOf(item.destination))
  return item.size
}

function sizeOf(entry: PlanItem['source']): number {
  return entry?.kind === 'file' ? entry.size : 0
}

function noteOf(key: GroupKey, items: readonly PlanItem[]): string {
  switch (key) {
    case 'upload':
    case 'download': {
      const count = (ending: string): number => items.filter(({ action }) => action.endsWith(ending)).length
      const parts = [
        [count('_NEW'), 'new'],
        [count('_UPDATE'), 'changed'],
        [count('_RESTORE'), 'restored'],
      ] as const
      return parts
        .filter(([number]) => number > 0)
        .map(([number, word]) => `${number} ${word}`)
        .join(', ')
    }
    case 'renameDestination':
    case 'renameSource':
      return 'need not be sent again'
    case 'deleteDestination':
    case 'deleteSource': {
      const kept = items.filter(({ trash }) => trash === true).length
      return kept === items.length ? 'kept in the trash' : kept > 0 ? `${kept} kept in the trash` : 'not kept'
    }
    case 'conflict':
      return 'left alone until you decide'
    case 'metadata':
    case 'none':
      return ''
  }
}
