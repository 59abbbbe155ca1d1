import type { Scenario } from '../src/scenario.ts'

/** New names and new places. Where a side cannot recognise a file by an id or its content, a rename is a new file and a deletion, which is always right. */
export const renames: readonly Scenario[] = [
  {
    name: 'a file renamed at the source is renamed at the destination',
    source: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' },
    destination: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' },
    steps: [
      { plan: [], after: { both: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' } } },
      {
        edits: { source: [{ move: 'draft.txt', to: 'final.txt' }] },
        plan: [
          { action: 'RENAME_DESTINATION', path: 'final.txt', from: 'draft.txt', reason: 'renamed at the source', when: ['source-renames'] },
          { action: 'UPLOAD_NEW', path: 'final.txt', reason: 'new at the source', when: ['!source-renames'] },
          { action: 'DELETE_DESTINATION', path: 'draft.txt', reason: 'deleted at the source', when: ['!source-renames'] },
        ],
        after: { both: { 'final.txt': 'the text@2', 'other.txt': 'other@3' } },
      },
    ],
    trash: { destination: [{ kept: 'draft.txt: the text', when: ['!source-renames'] }] },
  },
  {
    name: 'a file renamed at the destination is renamed at the source',
    source: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' },
    destination: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' },
    steps: [
      { plan: [], after: { both: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' } } },
      {
        edits: { destination: [{ move: 'draft.txt', to: 'final.txt' }] },
        plan: [
          { action: 'RENAME_SOURCE', path: 'final.txt', from: 'draft.txt', reason: 'renamed at the destination', when: ['destination-renames'] },
          { action: 'DOWNLOAD_NEW', path: 'final.txt', reason: 'new at the destination', when: ['!destination-renames'] },
          { action: 'DELETE_SOURCE', path: 'draft.txt', reason: 'deleted at the destination', when: ['!destination-renames'] },
        ],
        after: { both: { 'final.txt': 'the text@2', 'other.txt': 'other@3' } },
      },
    ],
    trash: { source: [{ kept: 'draft.txt: the text', when: ['!destination-renames'] }] },
  },
  {
    name: 'a file moved into a new directory is moved',
    source: { 'report.txt': 'the report@2', 'other.txt': 'other@3' },
    destination: { 'report.txt': 'the report@2', 'other.txt': 'other@3' },
    steps: [
      { plan: [], after: { both: { 'report.txt': 'the report@2', 'other.txt': 'other@3' } } },
      {
        edits: { source: [{ move: 'report.txt', to: 'archive/2024/report.txt' }] },
        plan: [
          { action: 'UPLOAD_NEW', path: 'archive', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'archive/2024', reason: 'new at the source', when: ['destination-directories'] },
          {
            action: 'RENAME_DESTINATION',
            path: 'archive/2024/report.txt',
            from: 'report.txt',
            reason: 'renamed at the source',
            when: ['source-renames'],
          },
          { action: 'UPLOAD_NEW', path: 'archive/2024/report.txt', reason: 'new at the source', when: ['!source-renames'] },
          { action: 'DELETE_DESTINATION', path: 'report.txt', reason: 'deleted at the source', when: ['!source-renames'] },
        ],
        after: { both: { 'archive/2024/report.txt': 'the report@2', 'other.txt': 'other@3' } },
      },
    ],
    trash: { destination: [{ kept: 'report.txt: the report', when: ['!source-renames'] }] },
  },
  {
    name: 'a directory renamed at the source is renamed as a whole where there are directories, else file by file',
    byCommand: true,
    source: { 'docs/a.txt': 'aa@2', 'docs/sub/b.txt': 'bbb@3', 'other.txt': 'other' },
    destination: { 'docs/a.txt': 'aa@2', 'docs/sub/b.txt': 'bbb@3', 'other.txt': 'other' },
    steps: [
      { plan: [], after: { both: { 'docs/a.txt': 'aa@2', 'docs/sub/b.txt': 'bbb@3', 'other.txt': 'other' } } },
      {
        edits: { source: [{ move: 'docs', to: 'papers' }] },
        plan: [
          { action: 'RENAME_DESTINATION', path: 'papers', from: 'docs', reason: 'renamed at the source', when: ['directories', 'source-moves'] },

          {
            action: 'RENAME_DESTINATION',
            path: 'papers/a.txt',
            from: 'docs/a.txt',
            reason: 'renamed at the source',
            when: ['!directories', 'source-moves'],
          },
          {
            action: 'RENAME_DESTINATION',
            path: 'papers/sub/b.txt',
            from: 'docs/sub/b.txt',
            reason: 'renamed at the source',
            when: ['!directories', 'source-moves'],
          },
          { action: 'UPLOAD_NEW', path: 'papers', reason: 'new at the source', when: ['destination-directories', '!directories', 'source-moves'] },
          {
            action: 'UPLOAD_NEW',
            path: 'papers/sub',
            reason: 'new at the source',
            when: ['destination-directories', '!directories', 'source-moves'],
          },
          {
            action: 'DELETE_DESTINATION',
            path: 'docs',
            reason: 'deleted at the source',
            when: ['source-directories', '!directories', 'source-moves'],
          },
          {
            action: 'DELETE_DESTINATION',
            path: 'docs/sub',
            reason: 'deleted at the source',
            when: ['source-directories', '!directories', 'source-moves'],
          },

          { action: 'UPLOAD_NEW', path: 'papers', reason: 'new at the source', when: ['destination-directories', '!source-moves'] },
          { action: 'UPLOAD_NEW', path: 'papers/a.txt', reason: 'new at the source', when: ['!source-moves'] },
          { action: 'UPLOAD_NEW', path: 'papers/sub', reason: 'new at the source', when: ['destination-directories', '!source-moves'] },
          { action: 'UPLOAD_NEW', path: 'papers/sub/b.txt', reason: 'new at the source', when: ['!source-moves'] },
          { action: 'DELETE_DESTINATION', path: 'docs/a.txt', reason: 'deleted at the source', when: ['!source-moves'] },
          { action: 'DELETE_DESTINATION', path: 'docs/sub/b.txt', reason: 'deleted at the source', when: ['!source-moves'] },
          { action: 'DELETE_DESTINATION', path: 'docs/sub', reason: 'deleted at the source', when: ['source-directories', '!source-moves'] },
          { action: 'DELETE_DESTINATION', path: 'docs', reason: 'deleted at the source', when: ['source-directories', '!source-moves'] },
        ],
        after: { both: { 'papers/a.txt': 'aa@2', 'papers/sub/b.txt': 'bbb@3', 'other.txt': 'other' } },
      },
    ],
    trash: {
      destination: [
        { kept: 'docs/a.txt: aa', when: ['!source-moves'] },
        { kept: 'docs/sub/b.txt: bbb', when: ['!source-moves'] },
      ],
    },
  },
  {
    name: 'a directory renamed at the destination is renamed at the source',
    needs: ['directories', 'destination-moves'],
    source: { 'docs/a.txt': 'aa@2', 'docs/sub/b.txt': 'bbb@3', 'other.txt': 'other' },
    destination: { 'docs/a.txt': 'aa@2', 'docs/sub/b.txt': 'bbb@3', 'other.txt': 'other' },
    steps: [
      { plan: [], after: { both: { 'docs/a.txt': 'aa@2', 'docs/sub/b.txt': 'bbb@3', 'other.txt': 'other' } } },
      {
        edits: { destination: [{ move: 'docs', to: 'papers' }] },
        plan: [{ action: 'RENAME_SOURCE', path: 'papers', from: 'docs', reason: 'renamed at the destination' }],
        after: { both: { 'papers/a.txt': 'aa@2', 'papers/sub/b.txt': 'bbb@3', 'other.txt': 'other' } },
      },
    ],
  },
  {
    name: 'a file that was renamed and edited is a new file, and the old one is kept in the trash',
    source: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' },
    destination: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' },
    steps: [
      { plan: [], after: { both: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' } } },
      {
        edits: {
          source: [
            { move: 'draft.txt', to: 'final.txt' },
            { write: 'final.txt', content: 'the text, and more@4' },
          ],
        },
        plan: [
          { action: 'UPLOAD_NEW', path: 'final.txt', reason: 'new at the source' },
          { action: 'DELETE_DESTINATION', path: 'draft.txt', reason: 'deleted at the source' },
        ],
        after: { both: { 'final.txt': 'the text, and more@4', 'other.txt': 'other@3' } },
      },
    ],
    trash: { destination: ['draft.txt: the text'] },
  },
  {
    name: 'a file that is renamed on one side and edited on the other exists under both names',
    source: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' },
    destination: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' },
    steps: [
      { plan: [], after: { both: { 'draft.txt': 'the text@2', 'other.txt': 'other@3' } } },
      {
        edits: { source: [{ move: 'draft.txt', to: 'final.txt' }], destination: [{ write: 'draft.txt', content: 'edited there@4' }] },
        plan: [
          { action: 'UPLOAD_NEW', path: 'final.txt', reason: 'new at the source' },
          {
            action: 'DOWNLOAD_RESTORE',
            path: 'draft.txt',
            reason: 'deleted at the source, changed at the destination: an edit beats a deletion',
          },
        ],
        after: { both: { 'draft.txt': 'edited there@4', 'final.txt': 'the text@2', 'other.txt': 'other@3' } },
      },
    ],
  },
  {
    name: 'two files that swap their names are two edits',
    source: { 'a.txt': 'first@2', 'b.txt': 'the second@3' },
    destination: { 'a.txt': 'first@2', 'b.txt': 'the second@3' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'first@2', 'b.txt': 'the second@3' } } },
      {
        edits: {
          source: [
            { move: 'a.txt', to: 'c.txt' },
            { move: 'b.txt', to: 'a.txt' },
            { move: 'c.txt', to: 'b.txt' },
          ],
        },
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed at the source' },
          { action: 'UPLOAD_UPDATE', path: 'b.txt', reason: 'changed at the source' },
        ],
        after: { both: { 'a.txt': 'the second@3', 'b.txt': 'first@2' } },
      },
    ],
    trash: { destination: ['b.txt: the second'] },
  },
  {
    name: 'copies of one file that change their names are not taken for each other',
    source: { 'a.txt': 'same@2', 'b.txt': 'same@2', 'keep.txt': 'keep' },
    destination: { 'a.txt': 'same@2', 'b.txt': 'same@2', 'keep.txt': 'keep' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'same@2', 'b.txt': 'same@2', 'keep.txt': 'keep' } } },
      {
        edits: {
          source: [{ remove: 'a.txt' }, { remove: 'b.txt' }, { write: 'c.txt', content: 'same@5' }],
        },
        plan: [
          { action: 'UPLOAD_NEW', path: 'c.txt', reason: 'new at the source' },
          { action: 'DELETE_DESTINATION', path: 'a.txt', reason: 'deleted at the source' },
          { action: 'DELETE_DESTINATION', path: 'b.txt', reason: 'deleted at the source' },
        ],
        after: { both: { 'c.txt': 'same@5', 'keep.txt': 'keep' } },
      },
    ],
    trash: { destination: ['a.txt: same', 'b.txt: same'] },
  },
]
