import type { Scenario } from '../src/scenario.ts'

/** Names as people give them. */
export const names: readonly Scenario[] = [
  {
    name: 'names with spaces, signs, quotes and letters of any script come across unchanged',
    byCommand: true,
    source: {
      'with space.txt': '1',
      'a+b=c&d;e,f.txt': '2',
      'per%20cent %.txt': '3',
      '#hash?mark.txt': '4',
      'it\'s "quoted".txt': '5',
      '[brackets] {braces} (parens).txt': '6',
      '-dash': '7',
      '~tilde $dollar !bang.txt': '8',
      '.hidden': '9',
      'dot.': '10',
      'über/ñandú/grüße.txt': '11',
      '日本語/ファイル.txt': '12',
      'emoji 🚀 🏳️‍🌈.txt': '13',
      'back`tick^caret|pipe<less>more.txt': '14',
    },
    destination: {},
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'with space.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'a+b=c&d;e,f.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'per%20cent %.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: '#hash?mark.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'it\'s "quoted".txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: '[brackets] {braces} (parens).txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: '-dash', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: '~tilde $dollar !bang.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: '.hidden', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'dot.', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'über', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'über/ñandú', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'über/ñandú/grüße.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: '日本語', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: '日本語/ファイル.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'emoji 🚀 🏳️‍🌈.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'back`tick^caret|pipe<less>more.txt', reason: 'new at the source' },
        ],
        after: {
          both: {
            'with space.txt': '1',
            'a+b=c&d;e,f.txt': '2',
            'per%20cent %.txt': '3',
            '#hash?mark.txt': '4',
            'it\'s "quoted".txt': '5',
            '[brackets] {braces} (parens).txt': '6',
            '-dash': '7',
            '~tilde $dollar !bang.txt': '8',
            '.hidden': '9',
            'dot.': '10',
            'über/ñandú/grüße.txt': '11',
            '日本語/ファイル.txt': '12',
            'emoji 🚀 🏳️‍🌈.txt': '13',
            'back`tick^caret|pipe<less>more.txt': '14',
          },
        },
      },
      {
        edits: {
          source: [{ remove: 'per%20cent %.txt' }, { remove: '-dash' }],
          destination: [{ write: '日本語/ファイル.txt', content: 'longer@3' }],
        },
        plan: [
          { action: 'DELETE_DESTINATION', path: 'per%20cent %.txt', reason: 'deleted at the source' },
          { action: 'DELETE_DESTINATION', path: '-dash', reason: 'deleted at the source' },
          { action: 'DOWNLOAD_UPDATE', path: '日本語/ファイル.txt', reason: 'changed at the destination' },
        ],
        after: {
          both: {
            'with space.txt': '1',
            'a+b=c&d;e,f.txt': '2',
            '#hash?mark.txt': '4',
            'it\'s "quoted".txt': '5',
            '[brackets] {braces} (parens).txt': '6',
            '~tilde $dollar !bang.txt': '8',
            '.hidden': '9',
            'dot.': '10',
            'über/ñandú/grüße.txt': '11',
            '日本語/ファイル.txt': 'longer@3',
            'emoji 🚀 🏳️‍🌈.txt': '13',
            'back`tick^caret|pipe<less>more.txt': '14',
          },
        },
      },
    ],
    trash: { destination: ['-dash: 7', 'per%20cent %.txt: 3'] },
  },
  {
    name: 'names that differ only in case or Unicode form are different files, and a change of case is a rename',
    needs: ['exactNames', 'source-renames'],
    source: { 'Read me.txt': 'upper@2', 'read me.txt': 'lower case@2', 'caf\u00e9.txt': 'composed form@2' },
    destination: { 'Read me.txt': 'upper@2', 'read me.txt': 'lower case@2', 'cafe\u0301.txt': 'decomposed@2' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'caf\u00e9.txt', reason: 'new at the source' },
          { action: 'DOWNLOAD_NEW', path: 'cafe\u0301.txt', reason: 'new at the destination' },
        ],
        after: {
          both: { 'Read me.txt': 'upper@2', 'read me.txt': 'lower case@2', 'caf\u00e9.txt': 'composed form@2', 'cafe\u0301.txt': 'decomposed@2' },
        },
      },
      {
        edits: { source: [{ move: 'read me.txt', to: 'READ ME.TXT' }] },
        plan: [{ action: 'RENAME_DESTINATION', path: 'READ ME.TXT', from: 'read me.txt', reason: 'renamed at the source' }],
        after: {
          both: { 'Read me.txt': 'upper@2', 'READ ME.TXT': 'lower case@2', 'caf\u00e9.txt': 'composed form@2', 'cafe\u0301.txt': 'decomposed@2' },
        },
      },
    ],
  },
  {
    name: 'a directory and the files whose names begin like it do not get in each other’s way',
    source: { 'a/x.txt': 'x@2', 'a-b': 'a-b@2', 'a.txt': 'a.txt@2', a0: 'a0@2', 'a b/y.txt': 'y@2' },
    destination: { 'a/z.txt': 'z@2', 'a-b': 'a-b@2' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_NEW', path: 'a/x.txt', reason: 'new at the source' },
          { action: 'DOWNLOAD_NEW', path: 'a/z.txt', reason: 'new at the destination' },
          { action: 'UPLOAD_NEW', path: 'a.txt', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'a0', reason: 'new at the source' },
          { action: 'UPLOAD_NEW', path: 'a b', reason: 'new at the source', when: ['destination-directories'] },
          { action: 'UPLOAD_NEW', path: 'a b/y.txt', reason: 'new at the source' },
        ],
        after: { both: { 'a/x.txt': 'x@2', 'a/z.txt': 'z@2', 'a-b': 'a-b@2', 'a.txt': 'a.txt@2', a0: 'a0@2', 'a b/y.txt': 'y@2' } },
      },
      {
        edits: { destination: [{ remove: 'a' }] },
        plan: [
          { action: 'DELETE_SOURCE', path: 'a', reason: 'deleted at the destination', when: ['destination-directories'] },
          { action: 'DELETE_SOURCE', path: 'a/x.txt', reason: 'deleted at the destination' },
          { action: 'DELETE_SOURCE', path: 'a/z.txt', reason: 'deleted at the destination' },
        ],
        after: { both: { 'a-b': 'a-b@2', 'a.txt': 'a.txt@2', a0: 'a0@2', 'a b/y.txt': 'y@2' } },
      },
    ],
    trash: { source: ['a/x.txt: x', 'a/z.txt: z'] },
  },
]
