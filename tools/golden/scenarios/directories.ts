import type { Scenario } from '../src/scenario.ts'

/** Directories, and paths that become something else. */
export const directories: readonly Scenario[] = [
  {
    name: 'an empty directory comes and goes like a file',
    needs: ['directories'],
    source: { 'a.txt': 'a', 'empty/': '', 'deep/er/': '' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'empty', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'deep', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'deep/er', reason: 'new at the source' },
        ],
        after: { both: { 'a.txt': 'a', 'empty/': '', 'deep/er/': '' } },
      },
      {
        edits: { source: [{ remove: 'deep/er' }], destination: [{ remove: 'empty' }, { directory: 'there' }] },
        plan: [
          { action: 'DELETE_DESTINATION', path: 'deep/er', reason: 'deleted at the source' },
          { action: 'DELETE_SOURCE', path: 'empty', reason: 'deleted at the destination' },
          { action: 'DOWNLOAD_NEW', path: 'there', reason: 'new at the destination' },
        ],
        after: { both: { 'a.txt': 'a', 'deep/': '', 'there/': '' } },
      },
    ],
  },
  {
    name: 'an empty directory stays where it is if the other side has no directories of its own',
    needs: ['source-directories', '!destination-directories'],
    source: { 'a.txt': 'a', 'empty/': '' },
    destination: { 'docs/b.txt': 'b' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'DOWNLOAD_NEW', path: 'docs', reason: 'new at the destination' },
          { action: 'DOWNLOAD_NEW', path: 'docs/b.txt', reason: 'new at the destination' },
        ],
        after: {
          source: { 'a.txt': 'a', 'empty/': '', 'docs/b.txt': 'b' },
          destination: { 'a.txt': 'a', 'docs/b.txt': 'b' },
          emptyDirectories: true,
        },
      },
      {
        edits: { destination: [{ remove: 'docs/b.txt' }] },
        plan: [{ action: 'DELETE_SOURCE', path: 'docs/b.txt', reason: 'deleted at the destination' }],
        after: { source: { 'a.txt': 'a', 'empty/': '', 'docs/': '' }, destination: { 'a.txt': 'a' }, emptyDirectories: true },
      },
    ],
    trash: { source: ['docs/b.txt: b'] },
  },
  {
    name: 'a directory that is deleted goes with everything in it',
    source: { 'docs/a.txt': 'a', 'docs/sub/b.txt': 'b', 'keep.txt': 'keep' },
    destination: { 'docs/a.txt': 'a', 'docs/sub/b.txt': 'b', 'keep.txt': 'keep' },
    steps: [
      { plan: [], after: { both: { 'docs/a.txt': 'a', 'docs/sub/b.txt': 'b', 'keep.txt': 'keep' } } },
      {
        edits: { source: [{ remove: 'docs' }] },
        plan: [
          { action: 'DELETE_DESTINATION', path: 'docs', reason: 'deleted at the source', when: ['source-directories'] },
          { action: 'DELETE_DESTINATION', path: 'docs/a.txt', reason: 'deleted at the source' },
          { action: 'DELETE_DESTINATION', path: 'docs/sub', reason: 'deleted at the source', when: ['source-directories'] },
          { action: 'DELETE_DESTINATION', path: 'docs/sub/b.txt', reason: 'deleted at the source' },
        ],
        after: { both: { 'keep.txt': 'keep' } },
      },
    ],
    trash: { destination: ['docs/a.txt: a', 'docs/sub/b.txt: b'] },
  },
  {
    name: 'a directory that is deleted on one side comes back as far as the other side edited something in it',
    source: { 'docs/a.txt': 'a@2', 'docs/sub/b.txt': 'b@2', 'keep.txt': 'keep' },
    destination: { 'docs/a.txt': 'a@2', 'docs/sub/b.txt': 'b@2', 'keep.txt': 'keep' },
    steps: [
      { plan: [], after: { both: { 'docs/a.txt': 'a@2', 'docs/sub/b.txt': 'b@2', 'keep.txt': 'keep' } } },
      {
        edits: { source: [{ remove: 'docs' }], destination: [{ write: 'docs/sub/b.txt', content: 'b, edited@3' }] },
        plan: [
          {
            action: 'DOWNLOAD_RESTORE',
            path: 'docs',
            reason: 'deleted at the source, but something in it comes back',
            when: ['source-directories'],
          },
          { action: 'DELETE_DESTINATION', path: 'docs/a.txt', reason: 'deleted at the source' },
          {
            action: 'DOWNLOAD_RESTORE',
            path: 'docs/sub',
            reason: 'deleted at the source, but something in it comes back',
            when: ['source-directories'],
          },
          {
            action: 'DOWNLOAD_RESTORE',
            path: 'docs/sub/b.txt',
            reason: 'deleted at the source, changed at the destination: an edit beats a deletion',
          },
        ],
        after: { both: { 'docs/sub/b.txt': 'b, edited@3', 'keep.txt': 'keep' } },
      },
    ],
    trash: { destination: ['docs/a.txt: a'] },
  },
  {
    name: 'a file that becomes a directory becomes one on the other side',
    source: { thing: 'a file@2', 'keep.txt': 'keep' },
    destination: { thing: 'a file@2', 'keep.txt': 'keep' },
    steps: [
      { plan: [], after: { both: { thing: 'a file@2', 'keep.txt': 'keep' } } },
      {
        edits: { source: [{ remove: 'thing' }, { write: 'thing/inside.txt', content: 'inside@3' }] },
        plan: [
          { action: 'DELETE_DESTINATION', path: 'thing', reason: 'a directory takes its place' },
          { action: 'UPLOAD_UPDATE', path: 'thing', reason: 'changed at the source: a directory replaces the file' },
          { action: 'UPLOAD_NEW', path: 'thing/inside.txt', reason: 'new at the source' },
        ],
        after: { both: { 'thing/inside.txt': 'inside@3', 'keep.txt': 'keep' } },
      },
    ],
    trash: { destination: ['thing: a file'] },
  },
  {
    name: 'a directory that becomes a file becomes one on the other side',
    source: { 'thing/inside.txt': 'inside@2', 'keep.txt': 'keep' },
    destination: { 'thing/inside.txt': 'inside@2', 'keep.txt': 'keep' },
    steps: [
      { plan: [], after: { both: { 'thing/inside.txt': 'inside@2', 'keep.txt': 'keep' } } },
      {
        edits: { destination: [{ remove: 'thing' }, { write: 'thing', content: 'a file@3' }] },
        plan: [
          { action: 'DELETE_SOURCE', path: 'thing', reason: 'a file takes its place' },
          { action: 'DELETE_SOURCE', path: 'thing/inside.txt', reason: 'a file takes the place of its directory' },
          { action: 'DOWNLOAD_UPDATE', path: 'thing', reason: 'changed at the destination: a file replaces the directory' },
        ],
        after: { both: { thing: 'a file@3', 'keep.txt': 'keep' } },
      },
    ],
    trash: { source: ['thing/inside.txt: inside'] },
  },
  {
    name: 'of a file and a directory of one name both are kept if told so: the file takes another name',
    byCommand: true,
    options: { conflictResolution: 'keep-both' },
    source: { thing: 'a file@2', 'keep.txt': 'keep' },
    destination: { 'thing/inside.txt': 'inside@2', 'keep.txt': 'keep' },
    steps: [
      {
        plan: [
          {
            action: 'RENAME_SOURCE',
            path: 'thing (conflict source TIME)',
            from: 'thing',
            reason: 'a directory at the destination, a file at the source, and the directory holds changes; both are kept',
          },
          {
            action: 'DOWNLOAD_UPDATE',
            path: 'thing',
            reason: 'a directory at the destination, a file at the source, and the directory holds changes; both are kept',
          },
          { action: 'DOWNLOAD_NEW', path: 'thing/inside.txt', reason: 'new at the destination' },
          {
            action: 'UPLOAD_NEW',
            path: 'thing (conflict source TIME)',
            reason: 'a directory at the destination, a file at the source, and the directory holds changes; both are kept',
          },
        ],
        after: { both: { 'thing/inside.txt': 'inside@2', 'thing (conflict source TIME)': 'a file@2', 'keep.txt': 'keep' } },
      },
    ],
  },
  {
    name: 'a file on one side against a directory with something new in it on the other is an open conflict',
    source: { thing: 'a file@2', 'keep.txt': 'keep' },
    destination: { 'thing/inside.txt': 'inside@2', 'keep.txt': 'keep' },
    steps: [
      {
        plan: [
          { action: 'CONFLICT', path: 'thing', reason: 'a directory at the destination, a file at the source, and the directory holds changes' },
        ],
        after: { source: { thing: 'a file@2', 'keep.txt': 'keep' }, destination: { 'thing/inside.txt': 'inside@2', 'keep.txt': 'keep' } },
        exitCode: 4,
        repeats: 'open',
      },
    ],
  },
]
