import { isStorageError, parseSymlinkMode, type Entry, type ReadableStorage } from '@syncline/core'
import { toPairPath } from '../arguments/sync-config.ts'
import type { Command } from '../command.ts'
import { Interrupt } from '../interrupt.ts'
import { escapeControls, toJsonLine } from '../terminal/escape.ts'
import { formatBytes, formatMode, formatMoment } from '../terminal/format.ts'
import type { Style } from '../terminal/style.ts'
import { padStart } from '../terminal/width.ts'
import { UsageError } from '../usage-error.ts'

/** `ls PLACE [PATH]`: what a storage lists. */
export const ls: Command = async ({ operands, options, environment, out }) => {
  const [location, path, ...rest] = operands
  if (location === undefined || rest.length > 0)
    throw new UsageError(location === undefined ? 'the place is missing' : 'ls takes one place and one path', 'Usage: syncline ls PLACE [PATH]')
  const interrupt = new Interrupt(environment)
  const { signal } = interrupt
  const symlinks = options.has('symlinks') ? parseSymlinkMode(options.text('symlinks') ?? '') : undefined
  const storage = await environment.open(location, { signal, symlinks })
  try {
    const directory = path === undefined ? '' : toPairPath(path, [])
    const recursive = options.has('recursive')
    let problems = 0
    for await (const entry of list(storage, directory, recursive, signal)) {
      if (entry.kind === 'problem') problems++
      if (options.has('json')) environment.stdout.write(`${toJsonLine({ ...entry, ...(entry.kind === 'problem' && { error: undefined }) })}\n`)
      else if (!options.has('quiet')) environment.stdout.write(`${options.has('long') ? longLine(entry, out) : shortLine(entry, out)}\n`)
    }
    return problems > 0 ? 3 : 0
  } finally {
    interrupt.close()
    await storage.close?.()
  }
}

/** A directory's entries; of a file, the file itself. */
async function* list(storage: ReadableStorage, path: string, recursive: boolean, signal: AbortSignal): AsyncGenerator<Entry, void, undefined> {
  try {
    for await (const item of storage.list(path, { recursive, signal })) {
      if (Array.isArray(item)) yield* item as readonly Entry[]
      else yield item as Entry
    }
  } catch (error) {
    if (path === '' || !isStorageError(error, 'NOT_A_DIRECTORY')) throw error
    const entry = await storage.stat(path, { signal })
    if (entry === undefined) throw error
    yield entry
  }
}

function shortLine(entry: Entry, style: Style): string {
  const path = escapeControls(entry.path)
  switch (entry.kind) {
    case 'file':
      return path
    case 'directory':
      return style.paint('move', `${path}/`)
    case 'symlink':
      return `${path} ${style.symbols.becomes} ${escapeControls(entry.target)}`
    case 'problem':
      return `${style.paint('bad', path)}  ${style.paint('faint', escapeControls(entry.reason))}`
  }
}

function longLine(entry: Entry, style: Style): string {
  const letter = { file: '-', directory: 'd', symlink: 'l', problem: '?' }[entry.kind]
  const size = padStart(entry.kind === 'file' ? formatBytes(entry.size) : '', 8)
  const time = entry.modified === undefined ? ' '.repeat(20) : formatMoment(entry.modified)
  return `${letter}${formatMode(entry.mode)}  ${size}  ${time}  ${shortLine(entry, style)}`
}
