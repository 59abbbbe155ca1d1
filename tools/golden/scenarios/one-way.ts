import type { Scenario } from '../src/scenario.ts'

/** Mirrors, backups, and the ways to compare. */
export const oneWay: readonly Scenario[] = [
  {
    name: 'a mirror of the source overwrites what is newer and deletes what is more, at first contact too',
    byCommand: true,
    options: { mode: 'source-to-destination' },
    source: { 'a.txt': 'of the source@2', 'docs/b.txt': 'b@2' },
    destination: { 'a.txt': 'newer at the destination@9', 'more.txt': 'more', 'extra/c.txt': 'c' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'differs from the source' },
          { action: 'UPLOAD_NEW', path: 'docs', reason: 'only at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'docs/b.txt', reason: 'only at the source' },
          { action: 'DELETE_DESTINATION', path: 'more.txt', reason: 'not at the source' },
          { action: 'DELETE_DESTINATION', path: 'extra', reason: 'not at the source', when: ['source-directories'] },
          { action: 'DELETE_DESTINATION', path: 'extra/c.txt', reason: 'not at the source' },
        ],
        after: { both: { 'a.txt': 'of the source@2', 'docs/b.txt': 'b@2' } },
      },
      {
        edits: {
          source: [{ remove: 'docs/b.txt' }, { write: 'docs/new.txt', content: 'new@3' }],
          destination: [{ write: 'a.txt', content: 'edited at the destination@9' }, { remove: 'docs/b.txt' }],
        },
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'differs from the source' },
          { action: 'UPLOAD_NEW', path: 'docs/new.txt', reason: 'only at the source' },
        ],
        after: { both: { 'a.txt': 'of the source@2', 'docs/new.txt': 'new@3' } },
      },
      {
        edits: { destination: [{ remove: 'a.txt' }] },
        plan: [{ action: 'UPLOAD_RESTORE', path: 'a.txt', reason: 'gone from the destination' }],
        after: { both: { 'a.txt': 'of the source@2', 'docs/new.txt': 'new@3' } },
      },
    ],
  },
  {
    name: 'a mirror of the destination makes the source like it',
    options: { mode: 'destination-to-source' },
    source: { 'a.txt': 'newer at the source@9', 'more.txt': 'more' },
    destination: { 'a.txt': 'of the destination@2', 'b.txt': 'b@2' },
    steps: [
      {
        plan: [
          { action: 'DOWNLOAD_UPDATE', path: 'a.txt', reason: 'differs from the destination' },
          { action: 'DOWNLOAD_NEW', path: 'b.txt', reason: 'only at the destination' },
          { action: 'DELETE_SOURCE', path: 'more.txt', reason: 'not at the destination' },
        ],
        after: { both: { 'a.txt': 'of the destination@2', 'b.txt': 'b@2' } },
      },
      {
        edits: { source: [{ remove: 'b.txt' }], destination: [{ remove: 'a.txt' }] },
        plan: [
          { action: 'DELETE_SOURCE', path: 'a.txt', reason: 'deleted at the destination' },
          { action: 'DOWNLOAD_RESTORE', path: 'b.txt', reason: 'gone from the source' },
        ],
        after: { both: { 'b.txt': 'b@2' } },
      },
    ],
  },
  {
    name: 'a backup of the source takes what it has, and never deletes',
    options: { mode: 'source-backup' },
    source: { 'a.txt': 'a@2', 'b.txt': 'b@2' },
    destination: { 'a.txt': 'another a@9', 'old.txt': 'old' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'differs from the source' },
          { action: 'UPLOAD_NEW', path: 'b.txt', reason: 'only at the source' },
        ],
        after: { source: { 'a.txt': 'a@2', 'b.txt': 'b@2' }, destination: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'old.txt': 'old' } },
      },
      {
        edits: { source: [{ remove: 'b.txt' }, { write: 'a.txt', content: 'a, edited@3' }] },
        plan: [{ action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'differs from the source' }],
        after: { source: { 'a.txt': 'a, edited@3' }, destination: { 'a.txt': 'a, edited@3', 'b.txt': 'b@2', 'old.txt': 'old' } },
      },
    ],
  },
  {
    name: 'a backup of the source that accepts changes of the destination takes them, and deletes nothing on either side',
    options: { mode: 'source-backup', acceptDestinationChanges: true },
    source: { 'a.txt': 'a@2', 'b.txt': 'b@2' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'only at the source' },
          { action: 'UPLOAD_NEW', path: 'b.txt', reason: 'only at the source' },
        ],
        after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2' } },
      },
      {
        edits: {
          source: [{ remove: 'b.txt' }],
          destination: [
            { write: 'a.txt', content: 'a, edited there@3' },
            { write: 'c.txt', content: 'c@3' },
          ],
        },
        plan: [
          { action: 'DOWNLOAD_UPDATE', path: 'a.txt', reason: 'changed at the destination, whose changes are accepted' },
          { action: 'DOWNLOAD_NEW', path: 'c.txt', reason: 'new at the destination, whose changes are accepted' },
        ],
        after: {
          source: { 'a.txt': 'a, edited there@3', 'c.txt': 'c@3' },
          destination: { 'a.txt': 'a, edited there@3', 'b.txt': 'b@2', 'c.txt': 'c@3' },
        },
      },
    ],
  },
  {
    name: 'a backup of the destination takes what it has, and never deletes',
    options: { mode: 'destination-backup' },
    source: { 'a.txt': 'another a@9', 'old.txt': 'old' },
    destination: { 'a.txt': 'a@2', 'docs/b.txt': 'b@2' },
    steps: [
      {
        plan: [
          { action: 'DOWNLOAD_UPDATE', path: 'a.txt', reason: 'differs from the destination' },
          { action: 'DOWNLOAD_NEW', path: 'docs', reason: 'only at the destination', when: ['source-directories'] },
          { action: 'DOWNLOAD_NEW', path: 'docs/b.txt', reason: 'only at the destination' },
        ],
        after: { source: { 'a.txt': 'a@2', 'docs/b.txt': 'b@2', 'old.txt': 'old' }, destination: { 'a.txt': 'a@2', 'docs/b.txt': 'b@2' } },
      },
      {
        edits: { source: [{ remove: 'docs/b.txt' }], destination: [{ remove: 'a.txt' }] },
        plan: [{ action: 'DOWNLOAD_RESTORE', path: 'docs/b.txt', reason: 'gone from the source' }],
        after: { source: { 'a.txt': 'a@2', 'docs/b.txt': 'b@2', 'old.txt': 'old' }, destination: { 'docs/b.txt': 'b@2' } },
      },
    ],
  },
  {
    name: 'by size alone, an edit that keeps the size is not seen, and one that changes it is',
    options: { comparisonMode: 'size-only' },
    source: { 'a.txt': 'one@2', 'b.txt': 'two@2' },
    destination: { 'a.txt': 'ONE@5', 'b.txt': 'two@5' },
    steps: [
      { plan: [], after: { source: { 'a.txt': 'one@2', 'b.txt': 'two@2' }, destination: { 'a.txt': 'ONE@5', 'b.txt': 'two@5' } } },
      {
        edits: {
          source: [
            { write: 'a.txt', content: 'Two@3' },
            { write: 'b.txt', content: 'three@3' },
          ],
        },
        plan: [{ action: 'UPLOAD_UPDATE', path: 'b.txt', reason: 'changed at the source' }],
        after: { source: { 'a.txt': 'Two@3', 'b.txt': 'three@3' }, destination: { 'a.txt': 'ONE@5', 'b.txt': 'three@3' } },
      },
    ],
  },
  {
    name: 'by size and time, times decide between files of one size',
    options: { comparisonMode: 'size-and-mtime' },
    source: { 'a.txt': 'one@2', 'b.txt': 'two@2' },
    destination: { 'a.txt': 'one@2', 'b.txt': 'TWO@5' },
    steps: [
      {
        plan: [{ action: 'DOWNLOAD_UPDATE', path: 'b.txt', reason: 'new on both sides, and different; the destination is 3 d newer' }],
        after: { both: { 'a.txt': 'one@2', 'b.txt': 'TWO@5' } },
      },
      {
        edits: { source: [{ write: 'a.txt', content: 'ONE@6' }] },
        plan: [{ action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed at the source' }],
        after: { both: { 'a.txt': 'ONE@6', 'b.txt': 'TWO@5' } },
      },
    ],
    trash: { source: ['b.txt: two'] },
  },
  {
    name: 'by time alone, the newer file of a first contact wins',
    options: { comparisonMode: 'mtime-only' },
    source: { 'a.txt': 'one@2', 'b.txt': 'of this time@4' },
    destination: { 'a.txt': 'one@2', 'b.txt': 'older@3' },
    steps: [
      {
        plan: [{ action: 'UPLOAD_UPDATE', path: 'b.txt', reason: 'new on both sides, and different; the source is 1 d newer' }],
        after: { both: { 'a.txt': 'one@2', 'b.txt': 'of this time@4' } },
      },
    ],
    trash: { destination: ['b.txt: older'] },
  },
  {
    name: 'by hash alone, equal content is equal whatever its time, and different content of a first contact is an open conflict',
    needs: ['hash'],
    options: { comparisonMode: 'hash-only' },
    source: { 'a.txt': 'same@2', 'b.txt': 'one@2' },
    destination: { 'a.txt': 'same@7', 'b.txt': 'ONE@7' },
    steps: [
      {
        plan: [
          {
            action: 'CONFLICT',
            path: 'b.txt',
            reason: 'new on both sides, and different; hash-only declares modification times unreliable, so the newest is not known',
          },
        ],
        after: { source: { 'a.txt': 'same@2', 'b.txt': 'one@2' }, destination: { 'a.txt': 'same@7', 'b.txt': 'ONE@7' } },
        exitCode: 4,
        repeats: 'open',
      },
    ],
  },
  {
    name: 'a forced upload sends also what matches',
    source: { 'a.txt': 'a@2', 'b.txt': 'b@2' },
    destination: { 'a.txt': 'a@2' },
    steps: [
      {
        plan: [{ action: 'UPLOAD_NEW', path: 'b.txt', reason: 'new at the source' }],
        after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2' } },
      },
      {
        options: { forceUpload: true },
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'forced upload' },
          { action: 'UPLOAD_UPDATE', path: 'b.txt', reason: 'forced upload' },
        ],
        after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2' } },
        repeats: 'all',
      },
    ],
  },
]
