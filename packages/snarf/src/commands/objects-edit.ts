import { ExitCode, type FamilyCall, type FamilyCommand, type Path } from '@syncline/core'
import type { AddOptions, Resolved, WorkingCopy } from '../workdir/index.ts'
import { moduleDetails, moduleOptions, requireOperands, withObjects, withWorkingCopy } from './objects-call.ts'

const classOptions = {
  type: { short: 't', value: 'CLASS', text: 'Class of the object, whose file is its pickle' },
  factory: { short: 'f', value: 'CLASS', text: 'Class that makes the object, which then reads the file' },
} as const

const classDetails =
  'CLASS is a dotted name that the module registers, such as wiki.Page. Without one, the file and directory generators of the module decide when it is committed.'

/** `syncline objects add`. */
export const add: FamilyCommand = {
  summary: 'Register files, to be made objects by the next commit',
  usage: ['WORKDIR PATH...'],
  details: ['A directory is added with everything in it; the class counts for the paths that are named.', classDetails],
  examples: ['syncline objects add ./wiki-files wiki/news --factory wiki.Page'],
  options: classOptions,
  completes: 'place',
  run: call => edit(call, 'add takes a working copy and paths', async (work, path) => lettered(call, 'A', await work.add(path, classOf(call)))),
}

/** `syncline objects mkdir`. */
export const mkdir: FamilyCommand = {
  summary: 'Make directories and register them',
  usage: ['WORKDIR PATH...'],
  details: [classDetails],
  examples: ['syncline objects mkdir ./wiki-files wiki/recipes --factory __builtin__.dict'],
  options: classOptions,
  completes: 'place',
  run: call =>
    edit(call, 'mkdir takes a working copy and paths', async (work, path) => {
      await work.makeDirectory(path, classOf(call))
      lettered(call, 'A', [path])
    }),
}

/** `syncline objects remove`. */
export const remove: FamilyCommand = {
  summary: 'Delete files, and by the next commit their objects',
  usage: ['WORKDIR PATH...'],
  details: [
    'Refused, with exit code 5, is what has changes or files that are nowhere else. What was only added is unregistered, and its file stays.',
    'Until the commit, revert brings it back; a directory comes with the next update.',
  ],
  examples: ['syncline objects remove ./wiki-files wiki/old'],
  options: {},
  completes: 'place',
  run: call =>
    edit(call, 'remove takes a working copy and paths', async (work, path) => {
      await work.remove(path, { signal: call.signal })
      lettered(call, 'R', [path])
    }),
}

/** `syncline objects copy`. */
export const copy: FamilyCommand = {
  summary: 'Copy an object under another name',
  usage: ['WORKDIR FROM TO'],
  details: ['The copy is added with the same class, extras and annotations. A directory is copied with everything in it.'],
  examples: ['syncline objects copy ./wiki-files wiki/home wiki/home-de'],
  options: {},
  completes: 'place',
  run: call => {
    if (call.operands.length !== 3) throw call.usageError(`copy takes a working copy and two paths, and ${call.operands.length} operands were given`)
    return withWorkingCopy(call, async ({ work, paths: [from = '', to = ''] }) => {
      lettered(call, 'A', await work.copy(from, to, { signal: call.signal }))
      return ExitCode.OK
    })
  },
}

/** `syncline objects resolve`. */
export const resolve: FamilyCommand = {
  summary: 'End conflicts',
  usage: ['WORKDIR PATH...', '--ours --module FILE WORKDIR PATH...', '--theirs --module FILE WORKDIR PATH...'],
  details: [
    'Without an option: the file, in which a merge left both versions, has been edited and is what it shall be.',
    'With --ours the version of the working copy counts, and a commit may replace the other; with --theirs that of the objects. What gives way in the working copy is kept in @@Zope/Saved beside it.',
    moduleDetails,
  ],
  examples: ['syncline objects resolve ./wiki-files wiki/home', 'syncline objects resolve --theirs -m wiki.mjs ./wiki-files wiki/logo.png'],
  options: { ours: { text: 'Take the version of the working copy' }, theirs: { text: 'Take the version of the objects' }, ...moduleOptions },
  completes: 'place',
  run: call => {
    requireOperands(call, 2, 'resolve takes a working copy and paths')
    const [ours, theirs] = [call.options.has('ours'), call.options.has('theirs')]
    if (ours && theirs) throw call.usageError('--ours and --theirs were both given')
    const { signal } = call
    const done = (resolved: readonly Resolved[]): number => {
      if (resolved.length === 0) call.note('there was no conflict')
      finished(call, 'resolved', resolved)
      return ExitCode.OK
    }
    if (!ours && !theirs) return withWorkingCopy(call, async ({ work, paths }) => done(await work.resolve(paths, undefined, { signal })))
    return withObjects(call, async ({ work, paths, stage }) =>
      done(await work.resolve(paths, { take: ours ? 'ours' : 'theirs', repository: await stage({ signal }) }, { signal })),
    )
  },
}

/** `syncline objects revert`. */
export const revert: FamilyCommand = {
  summary: 'Take changes back',
  usage: ['WORKDIR PATH...'],
  details: [
    'Files become what their original copies are; the changed ones are kept in @@Zope/Saved beside them. What was added is unregistered and stays as a file. A removed directory comes back with the next update.',
  ],
  examples: ['syncline objects revert ./wiki-files wiki/home'],
  options: {},
  completes: 'place',
  run: call => {
    requireOperands(call, 2, 'revert takes a working copy and paths')
    return withWorkingCopy(call, async ({ work, paths }) => {
      const reverted = await work.revert(paths, { signal: call.signal })
      if (reverted.length === 0) call.note('nothing was changed')
      finished(call, 'reverted', reverted)
      return ExitCode.OK
    })
  },
}

async function edit(call: FamilyCall, what: string, one: (work: WorkingCopy, path: Path) => Promise<void>): Promise<number> {
  requireOperands(call, 2, what)
  return withWorkingCopy(call, async ({ work, paths }) => {
    for (const path of paths) await one(work, path)
    return ExitCode.OK
  })
}

function classOf(call: FamilyCall): AddOptions {
  return { signal: call.signal, type: call.options.text('type'), factory: call.options.text('factory') }
}

function lettered(call: FamilyCall, letter: string, paths: readonly Path[]): void {
  for (const path of paths) {
    call.print(`${letter} ${path}`)
    call.json({ type: 'item', letter, path })
  }
}

function finished(call: FamilyCall, what: string, paths: readonly Resolved[]): void {
  for (const { path, saved } of paths) {
    call.print(`${what} ${path}${saved === undefined ? '' : `; what it was is in ${saved}`}`)
    call.json({ type: what, path, ...(saved !== undefined && { saved }) })
  }
}
