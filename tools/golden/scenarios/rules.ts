import type { Scenario } from '../src/scenario.ts'

/** What is hidden, and what a limit stops. */
export const rules: readonly Scenario[] = [
  {
    name: 'what an ignore file hides is not copied, not deleted, and no conflict; the file itself goes across',
    byCommand: true,
    source: { '.syncignore': '*.tmp\n/build/\n', 'a.txt': 'a', 'a.tmp': 'hidden', 'build/out.o': 'hidden', 'src/build/kept.c': 'kept' },
    destination: { 'a.tmp': 'another', 'b.tmp': 'hidden too' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: '.syncignore', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'src', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'src/build', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'src/build/kept.c', reason: 'new at the source' },
        ],
        after: {
          source: { '.syncignore': '*.tmp\n/build/\n', 'a.txt': 'a', 'a.tmp': 'hidden', 'build/out.o': 'hidden', 'src/build/kept.c': 'kept' },
          destination: { '.syncignore': '*.tmp\n/build/\n', 'a.txt': 'a', 'src/build/kept.c': 'kept', 'a.tmp': 'another', 'b.tmp': 'hidden too' },
        },
      },
    ],
  },
  {
    name: 'a new rule deletes nothing, and what a rule no longer hides is met as if for the first time',
    source: { 'a.txt': 'a', 'notes.log': 'log@2' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'notes.log', reason: 'new at the source' },
        ],
        after: { both: { 'a.txt': 'a', 'notes.log': 'log@2' } },
      },
      {
        edits: { source: [{ write: '.syncignore', content: '*.log' }, { remove: 'notes.log' }] },
        plan: [{ action: 'UPLOAD_NEW', path: '.syncignore', reason: 'new at the source' }],
        after: { source: { '.syncignore': '*.log', 'a.txt': 'a' }, destination: { '.syncignore': '*.log', 'a.txt': 'a', 'notes.log': 'log@2' } },
      },
      {
        edits: { destination: [{ write: '.syncignore', content: '*.none@3' }] },
        plan: [
          { action: 'DOWNLOAD_UPDATE', path: '.syncignore', reason: 'changed at the destination' },
          { action: 'DOWNLOAD_NEW', path: 'notes.log', reason: 'new at the destination' },
        ],
        after: { both: { '.syncignore': '*.none@3', 'a.txt': 'a', 'notes.log': 'log@2' } },
      },
    ],
  },
  {
    name: 'patterns of the options hide like an ignore file, and a directory with something hidden in it stays',
    options: { ignore: ['node_modules/', '*.o', '!keep.o'] },
    source: { 'a.txt': 'a', 'lib/x.o': 'hidden', 'lib/keep.o': 'kept', 'lib/b.c': 'b', 'lib/node_modules/m.js': 'hidden' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'lib', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'lib/b.c', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'lib/keep.o', reason: 'new at the source' },
        ],
        after: {
          source: { 'a.txt': 'a', 'lib/x.o': 'hidden', 'lib/keep.o': 'kept', 'lib/b.c': 'b', 'lib/node_modules/m.js': 'hidden' },
          destination: { 'a.txt': 'a', 'lib/keep.o': 'kept', 'lib/b.c': 'b' },
        },
      },
      {
        edits: { destination: [{ remove: 'lib' }] },
        plan: [
          { action: 'DELETE_SOURCE', path: 'lib/b.c', reason: 'deleted at the destination' },
          { action: 'DELETE_SOURCE', path: 'lib/keep.o', reason: 'deleted at the destination' },
        ],
        after: {
          source: { 'a.txt': 'a', 'lib/x.o': 'hidden', 'lib/node_modules/m.js': 'hidden' },
          destination: { 'a.txt': 'a' },
        },
      },
    ],
    trash: { source: ['lib/b.c: b', 'lib/keep.o: kept'] },
  },
  {
    name: 'include and exclude choose files by their paths, and a limit of size by their sizes',
    options: { include: ['**/*.txt'], exclude: ['drafts/**'], maxSize: 10 },
    source: { 'a.txt': 'short', 'b.md': 'not chosen', 'docs/c.txt': 'short', 'drafts/d.txt': 'excluded', 'long.txt': 'longer than ten bytes' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'docs', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'docs/c.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'drafts', reason: 'new at the source', when: ['destination-directories'] },
        ],
        after: {
          source: { 'a.txt': 'short', 'b.md': 'not chosen', 'docs/c.txt': 'short', 'drafts/d.txt': 'excluded', 'long.txt': 'longer than ten bytes' },
          destination: { 'a.txt': 'short', 'docs/c.txt': 'short', 'drafts/': '' },
        },
      },
    ],
  },
  {
    name: 'a run of a part acts there and nowhere else',
    source: { 'docs/a.txt': 'a', 'photos/b.txt': 'b', 'c.txt': 'c' },
    destination: {},
    steps: [
      {
        options: { only: ['docs'] },
        plan: [
          { action: 'UPLOAD_NEW', path: 'docs', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'docs/a.txt', reason: 'new at the source' },
        ],
        after: { source: { 'docs/a.txt': 'a', 'photos/b.txt': 'b', 'c.txt': 'c' }, destination: { 'docs/a.txt': 'a' } },
      },
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'c.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'photos', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'photos/b.txt', reason: 'new at the source' },
        ],
        after: { both: { 'docs/a.txt': 'a', 'photos/b.txt': 'b', 'c.txt': 'c' } },
      },
    ],
  },
  {
    name: 'paths that a run is told to skip are taken up by the next one',
    source: { 'a.txt': 'a', 'b.txt': 'b' },
    destination: {},
    steps: [
      {
        options: { filesToSkip: ['a.txt'] },
        plan: [{ action: 'UPLOAD_NEW', path: 'b.txt', reason: 'new at the source' }],
        after: { source: { 'a.txt': 'a', 'b.txt': 'b' }, destination: { 'b.txt': 'b' } },
      },
      {
        plan: [{ action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' }],
        after: { both: { 'a.txt': 'a', 'b.txt': 'b' } },
      },
    ],
  },
  {
    name: 'more deletions than the limit are refused before anything is changed',
    byCommand: true,
    options: { maxDelete: 1 },
    source: { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' },
    destination: { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' } } },
      {
        edits: { source: [{ remove: 'a.txt' }, { remove: 'b.txt' }, { write: 'new.txt', content: 'new' }] },
        plan: [
          { action: 'DELETE_DESTINATION', path: 'a.txt', reason: 'deleted at the source' },
          { action: 'DELETE_DESTINATION', path: 'b.txt', reason: 'deleted at the source' },
          { action: 'UPLOAD_NEW', path: 'new.txt', reason: 'new at the source' },
        ],
        after: { source: { 'c.txt': 'c', 'new.txt': 'new' }, destination: { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' } },
        exitCode: 5,
        repeats: 'all',
      },
      {
        options: { maxDelete: 2 },
        plan: [
          { action: 'DELETE_DESTINATION', path: 'a.txt', reason: 'deleted at the source' },
          { action: 'DELETE_DESTINATION', path: 'b.txt', reason: 'deleted at the source' },
          { action: 'UPLOAD_NEW', path: 'new.txt', reason: 'new at the source' },
        ],
        after: { both: { 'c.txt': 'c', 'new.txt': 'new' } },
      },
    ],
    trash: { destination: ['a.txt: a', 'b.txt: b'] },
  },
  {
    name: 'a side that was emptied does not empty the other one, unless told to',
    source: { 'a.txt': 'a', 'b.txt': 'b' },
    destination: { 'a.txt': 'a', 'b.txt': 'b' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a', 'b.txt': 'b' } } },
      {
        edits: { destination: [{ remove: 'a.txt' }, { remove: 'b.txt' }] },
        plan: [
          { action: 'DELETE_SOURCE', path: 'a.txt', reason: 'deleted at the destination' },
          { action: 'DELETE_SOURCE', path: 'b.txt', reason: 'deleted at the destination' },
        ],
        after: { source: { 'a.txt': 'a', 'b.txt': 'b' }, destination: {} },
        exitCode: 5,
        repeats: 'all',
      },
      {
        options: { allowEmpty: true },
        plan: [
          { action: 'DELETE_SOURCE', path: 'a.txt', reason: 'deleted at the destination' },
          { action: 'DELETE_SOURCE', path: 'b.txt', reason: 'deleted at the destination' },
        ],
        after: { both: {} },
      },
    ],
    trash: { source: ['a.txt: a', 'b.txt: b'] },
  },
]
