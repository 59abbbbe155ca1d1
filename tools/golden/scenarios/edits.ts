import type { Scenario } from '../src/scenario.ts'

/** What people do all day, in both directions at once. */
export const edits: readonly Scenario[] = [
  {
    name: 'a first sync gives each side what only the other has',
    byCommand: true,
    source: { 'a.txt': 'from the source@3', 'docs/deep/er/one.txt': 'one@4', 'empty.txt': '@5' },
    destination: { 'b.txt': 'from the destination@6', 'photos/two.txt': 'two@7' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'docs', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'docs/deep', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'docs/deep/er', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'docs/deep/er/one.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'empty.txt', reason: 'new at the source' },
          { action: 'DOWNLOAD_NEW', path: 'b.txt', reason: 'new at the destination' },
          { action: 'DOWNLOAD_NEW', path: 'photos', reason: 'new at the destination', when: ['source-directories'] },
          { action: 'DOWNLOAD_NEW', path: 'photos/two.txt', reason: 'new at the destination' },
        ],
        after: {
          both: {
            'a.txt': 'from the source@3',
            'docs/deep/er/one.txt': 'one@4',
            'empty.txt': '@5',
            'b.txt': 'from the destination@6',
            'photos/two.txt': 'two@7',
          },
        },
      },
    ],
  },
  {
    name: 'two trees that are the same already are left alone, and remembered',
    source: { 'a.txt': 'a@2', 'docs/b.txt': 'b@3' },
    destination: { 'a.txt': 'a@2', 'docs/b.txt': 'b@3' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a@2', 'docs/b.txt': 'b@3' } } },
      {
        edits: { source: [{ remove: 'a.txt' }] },
        plan: [{ action: 'DELETE_DESTINATION', path: 'a.txt', reason: 'deleted at the source' }],
        after: { both: { 'docs/b.txt': 'b@3' } },
      },
    ],
    trash: { destination: ['a.txt: a'] },
  },
  {
    name: 'an edit goes to the other side, also if its time is older than before',
    byCommand: true,
    source: { 'a.txt': 'a@5', 'b.txt': 'b@5', 'c.txt': 'c@5' },
    destination: { 'a.txt': 'a@5', 'b.txt': 'b@5', 'c.txt': 'c@5' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a@5', 'b.txt': 'b@5', 'c.txt': 'c@5' } } },
      {
        edits: {
          source: [{ write: 'a.txt', content: 'a longer a@8' }],
          destination: [{ write: 'b.txt', content: 'an older b@2' }],
        },
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed at the source' },
          { action: 'DOWNLOAD_UPDATE', path: 'b.txt', reason: 'changed at the destination' },
        ],
        after: { both: { 'a.txt': 'a longer a@8', 'b.txt': 'an older b@2', 'c.txt': 'c@5' } },
      },
    ],
    trash: { source: ['b.txt: b'] },
  },
  {
    name: 'an edit that keeps the size is an edit',
    source: { 'a.txt': 'one@5', 'b.txt': 'two@5' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'b.txt', reason: 'new at the source' },
        ],
        after: { both: { 'a.txt': 'one@5', 'b.txt': 'two@5' } },
      },
      {
        edits: {
          source: [{ write: 'a.txt', content: 'ONE@9' }],
          destination: [{ write: 'b.txt', content: 'TWO@1' }],
        },
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed at the source' },
          { action: 'DOWNLOAD_UPDATE', path: 'b.txt', reason: 'changed at the destination' },
        ],
        after: { both: { 'a.txt': 'ONE@9', 'b.txt': 'TWO@1' } },
      },
    ],
    trash: { source: ['b.txt: two'] },
  },
  {
    name: 'an edit made a moment ago is seen, and not seen twice',
    source: { 'a.txt': 'one@now', 'b.txt': 'two@now' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'b.txt', reason: 'new at the source' },
        ],
        after: { both: { 'a.txt': 'one@now', 'b.txt': 'two@now' } },
      },
      {
        edits: {
          source: [{ write: 'a.txt', content: 'one and a half@now' }],
          destination: [{ write: 'b.txt', content: 'two and a half@now' }],
        },
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed at the source' },
          { action: 'DOWNLOAD_UPDATE', path: 'b.txt', reason: 'changed at the destination' },
        ],
        after: { both: { 'a.txt': 'one and a half@now', 'b.txt': 'two and a half@now' } },
      },
    ],
  },
  {
    name: 'a deletion goes to the other side, whose file is kept in the trash',
    byCommand: true,
    source: { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'docs/d.txt': 'd' },
    destination: { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'docs/d.txt': 'd' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'docs/d.txt': 'd' } } },
      {
        edits: { source: [{ remove: 'a.txt' }], destination: [{ remove: 'b.txt' }] },
        plan: [
          { action: 'DELETE_DESTINATION', path: 'a.txt', reason: 'deleted at the source' },
          { action: 'DELETE_SOURCE', path: 'b.txt', reason: 'deleted at the destination' },
        ],
        after: { both: { 'c.txt': 'c', 'docs/d.txt': 'd' } },
      },
    ],
    trash: { source: ['b.txt: b'], destination: ['a.txt: a'] },
  },
  {
    name: 'without a trash, a deletion deletes',
    options: { trash: false },
    source: { 'a.txt': 'a', 'b.txt': 'b' },
    destination: { 'a.txt': 'a', 'b.txt': 'b' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a', 'b.txt': 'b' } } },
      {
        edits: { destination: [{ remove: 'a.txt' }] },
        plan: [{ action: 'DELETE_SOURCE', path: 'a.txt', reason: 'deleted at the destination' }],
        after: { both: { 'b.txt': 'b' } },
      },
    ],
  },
  {
    name: 'an edit beats a deletion',
    source: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' },
    destination: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' } } },
      {
        edits: {
          source: [{ write: 'a.txt', content: 'a, edited@3' }, { remove: 'b.txt' }],
          destination: [{ remove: 'a.txt' }, { write: 'b.txt', content: 'b, edited@3' }],
        },
        plan: [
          {
            action: 'UPLOAD_RESTORE',
            path: 'a.txt',
            reason: 'changed at the source, deleted at the destination: an edit beats a deletion',
          },
          {
            action: 'DOWNLOAD_RESTORE',
            path: 'b.txt',
            reason: 'deleted at the source, changed at the destination: an edit beats a deletion',
          },
        ],
        after: { both: { 'a.txt': 'a, edited@3', 'b.txt': 'b, edited@3', 'c.txt': 'c@2' } },
      },
    ],
  },
  {
    name: 'what both sides did alike needs nothing: the same edit, the same new file, the same deletion',
    source: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' },
    destination: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' } } },
      {
        edits: {
          source: [{ write: 'a.txt', content: 'alike@4' }, { remove: 'b.txt' }, { write: 'new.txt', content: 'new@4' }],
          destination: [{ write: 'a.txt', content: 'alike@4' }, { remove: 'b.txt' }, { write: 'new.txt', content: 'new@4' }],
        },
        plan: [],
        after: { both: { 'a.txt': 'alike@4', 'c.txt': 'c@2', 'new.txt': 'new@4' } },
      },
    ],
  },
  {
    name: 'a file that was deleted everywhere and made again is a new file',
    source: { 'a.txt': 'a@2', 'b.txt': 'b@2' },
    destination: { 'a.txt': 'a@2', 'b.txt': 'b@2' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2' } } },
      { edits: { source: [{ remove: 'a.txt' }], destination: [{ remove: 'a.txt' }] }, plan: [], after: { both: { 'b.txt': 'b@2' } } },
      {
        edits: { destination: [{ write: 'a.txt', content: 'a@2' }] },
        plan: [{ action: 'DOWNLOAD_NEW', path: 'a.txt', reason: 'new at the destination' }],
        after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2' } },
      },
    ],
  },
  {
    name: 'a touched file has its time carried over, and its content only where nothing proves that it is the same',
    needs: ['source-tells'],
    source: { 'a.txt': 'a@2', 'b.txt': 'b@2' },
    destination: { 'a.txt': 'a@2', 'b.txt': 'b@2' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2' } } },
      {
        edits: { source: [{ touch: 'a.txt', day: 7 }] },
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'time changed at the source, same content', when: ['source-touches'] },
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed at the source', when: ['!source-touches'] },
        ],
        after: { both: { 'a.txt': 'a@7', 'b.txt': 'b@2' } },
      },
    ],
  },
  {
    name: 'a file that was only touched is left alone where a listing does not tell times',
    needs: ['!source-tells', 'source-touches'],
    source: { 'a.txt': 'a@2' },
    destination: { 'a.txt': 'a@2' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a@2' } } },
      {
        edits: { source: [{ touch: 'a.txt', day: 7 }] },
        plan: [],
        after: { source: { 'a.txt': 'a@7' }, destination: { 'a.txt': 'a@2' } },
      },
    ],
  },
  {
    name: 'permissions are carried over, with a file and alone',
    needs: ['modes', 'destination-tells'],
    source: { 'run.sh': '#!/bin/sh@2:755', 'secret.txt': 'secret@2:600', 'plain.txt': 'plain@2:644' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'run.sh', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'secret.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'plain.txt', reason: 'new at the source' },
        ],
        after: { both: { 'run.sh': '#!/bin/sh@2:755', 'secret.txt': 'secret@2:600', 'plain.txt': 'plain@2:644' } },
      },
      {
        edits: { destination: [{ permit: 'plain.txt', mode: '700' }] },
        plan: [
          {
            action: 'DOWNLOAD_UPDATE',
            path: 'plain.txt',
            reason: 'permissions changed at the destination, same content',
            when: ['destination-permits'],
          },
          { action: 'DOWNLOAD_UPDATE', path: 'plain.txt', reason: 'changed at the destination', when: ['!destination-permits'] },
        ],
        after: { both: { 'run.sh': '#!/bin/sh@2:755', 'secret.txt': 'secret@2:600', 'plain.txt': 'plain@2:700' } },
      },
    ],
  },
  {
    name: 'links are kept as links, wherever they point',
    needs: ['symlinks'],
    source: { 'a.txt': 'a', here: '-> a.txt', nowhere: '-> ../../no/such place' },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'here', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'nowhere', reason: 'new at the source' },
        ],
        after: { both: { 'a.txt': 'a', here: '-> a.txt', nowhere: '-> ../../no/such place' } },
      },
      {
        edits: { source: [{ link: 'here', to: 'nowhere' }], destination: [{ remove: 'nowhere' }, { link: 'there', to: 'a.txt' }] },
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'here', reason: 'changed at the source' },
          { action: 'DELETE_SOURCE', path: 'nowhere', reason: 'deleted at the destination' },
          { action: 'DOWNLOAD_NEW', path: 'there', reason: 'new at the destination' },
        ],
        after: { both: { 'a.txt': 'a', here: '-> nowhere', there: '-> a.txt' } },
      },
    ],
    trash: { source: ['nowhere: -> ../../no/such place'] },
  },
  {
    name: 'a link that the other side cannot keep is reported by name, and everything else goes across',
    needs: ['source-symlinks', '!symlinks'],
    source: { 'a.txt': 'a', here: '-> a.txt' },
    destination: { 'b.txt': 'b' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'DOWNLOAD_NEW', path: 'b.txt', reason: 'new at the destination' },
          { action: 'UPLOAD_NEW', path: 'here', reason: 'new at the source', fails: true },
        ],
        after: { source: { 'a.txt': 'a', 'b.txt': 'b', here: '-> a.txt' }, destination: { 'a.txt': 'a', 'b.txt': 'b' } },
        exitCode: 3,
        repeats: 'open',
      },
    ],
  },
]
