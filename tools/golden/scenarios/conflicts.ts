import type { Scenario } from '../src/scenario.ts'

const start = { 'a.txt': 'a@2', 'other.txt': 'other@2' } as const
const started = { plan: [], after: { both: start } } as const
/** Both sides edit `a.txt`; the destination last. */
const bothEdit = {
  source: [{ write: 'a.txt', content: 'of the source@4' }],
  destination: [{ write: 'a.txt', content: 'by the destination@6' }],
} as const

/** Both sides changed one path. */
export const conflicts: readonly Scenario[] = [
  {
    name: 'of two edits the newer one wins, and the older one is kept in the trash',
    byCommand: true,
    source: start,
    destination: start,
    steps: [
      started,
      {
        edits: bothEdit,
        plan: [{ action: 'DOWNLOAD_UPDATE', path: 'a.txt', reason: 'changed on both sides since the last sync; the destination is 2 d newer' }],
        after: { both: { 'a.txt': 'by the destination@6', 'other.txt': 'other@2' } },
      },
      {
        edits: {
          source: [{ write: 'a.txt', content: 'again of the source@9' }],
          destination: [{ write: 'a.txt', content: 'again by the destination@8' }],
        },
        plan: [{ action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed on both sides since the last sync; the source is 1 d newer' }],
        after: { both: { 'a.txt': 'again of the source@9', 'other.txt': 'other@2' } },
      },
    ],
    trash: { source: ['a.txt: of the source'], destination: ['a.txt: again by the destination'] },
  },
  {
    name: 'edits of the same time stay an open conflict, until a person decides',
    source: start,
    destination: start,
    steps: [
      started,
      {
        edits: {
          source: [{ write: 'a.txt', content: 'of the source@4' }],
          destination: [{ write: 'a.txt', content: 'by the destination@4' }],
        },
        plan: [
          {
            action: 'CONFLICT',
            path: 'a.txt',
            reason: 'changed on both sides since the last sync; both were modified within 2000 ms of each other',
          },
        ],
        after: {
          source: { 'a.txt': 'of the source@4', 'other.txt': 'other@2' },
          destination: { 'a.txt': 'by the destination@4', 'other.txt': 'other@2' },
        },
        exitCode: 4,
        repeats: 'open',
      },
      {
        edits: { source: [{ write: 'a.txt', content: 'by the destination@4' }] },
        plan: [],
        after: { both: { 'a.txt': 'by the destination@4', 'other.txt': 'other@2' } },
      },
    ],
  },
  {
    name: 'the source wins a conflict if told so, though it is older',
    options: { conflictResolution: 'source-wins' },
    source: start,
    destination: start,
    steps: [
      started,
      {
        edits: bothEdit,
        plan: [{ action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed on both sides since the last sync; the source wins' }],
        after: { both: { 'a.txt': 'of the source@4', 'other.txt': 'other@2' } },
      },
    ],
    trash: { destination: ['a.txt: by the destination'] },
  },
  {
    name: 'the destination wins a conflict if told so',
    options: { conflictResolution: 'destination-wins' },
    source: start,
    destination: start,
    steps: [
      started,
      {
        edits: {
          source: [{ write: 'a.txt', content: 'newer, of the source@8' }],
          destination: [{ write: 'a.txt', content: 'by the destination@6' }],
        },
        plan: [{ action: 'DOWNLOAD_UPDATE', path: 'a.txt', reason: 'changed on both sides since the last sync; the destination wins' }],
        after: { both: { 'a.txt': 'by the destination@6', 'other.txt': 'other@2' } },
      },
    ],
    trash: { source: ['a.txt: newer, of the source'] },
  },
  {
    name: 'both are kept if told so: the older one under a name that tells where it comes from',
    options: { conflictResolution: 'keep-both' },
    source: start,
    destination: start,
    steps: [
      started,
      {
        edits: bothEdit,
        plan: [
          {
            action: 'RENAME_SOURCE',
            path: 'a (conflict source TIME).txt',
            from: 'a.txt',
            reason: 'changed on both sides since the last sync; both are kept',
          },
          { action: 'DOWNLOAD_UPDATE', path: 'a.txt', reason: 'changed on both sides since the last sync; both are kept' },
          { action: 'UPLOAD_NEW', path: 'a (conflict source TIME).txt', reason: 'changed on both sides since the last sync; both are kept' },
        ],
        after: {
          both: { 'a.txt': 'by the destination@6', 'a (conflict source TIME).txt': 'of the source@4', 'other.txt': 'other@2' },
        },
      },
    ],
  },
  {
    name: 'a conflict waits if a person is to decide, and other paths do not wait for it',
    byCommand: true,
    options: { conflictResolution: 'manual' },
    source: start,
    destination: start,
    steps: [
      started,
      {
        edits: bothEdit,
        plan: [{ action: 'CONFLICT', path: 'a.txt', reason: 'changed on both sides since the last sync; waits for a decision' }],
        after: {
          source: { 'a.txt': 'of the source@4', 'other.txt': 'other@2' },
          destination: { 'a.txt': 'by the destination@6', 'other.txt': 'other@2' },
        },
        exitCode: 4,
        repeats: 'open',
      },
      {
        edits: { source: [{ write: 'new.txt', content: 'new@7' }] },
        plan: [
          { action: 'CONFLICT', path: 'a.txt', reason: 'changed on both sides since the last sync; waits for a decision' },
          { action: 'UPLOAD_NEW', path: 'new.txt', reason: 'new at the source' },
        ],
        after: {
          source: { 'a.txt': 'of the source@4', 'other.txt': 'other@2', 'new.txt': 'new@7' },
          destination: { 'a.txt': 'by the destination@6', 'other.txt': 'other@2', 'new.txt': 'new@7' },
        },
        exitCode: 4,
        repeats: 'open',
      },
      {
        options: { conflictResolution: 'source-wins' },
        plan: [{ action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'changed on both sides since the last sync; the source wins' }],
        after: { both: { 'a.txt': 'of the source@4', 'other.txt': 'other@2', 'new.txt': 'new@7' } },
      },
    ],
    trash: { destination: ['a.txt: by the destination'] },
  },
  {
    name: 'at first contact the newer file wins by default, and the other is kept in the trash',
    source: { 'a.txt': 'older@2', 'b.txt': 'the newer one@5' },
    destination: { 'a.txt': 'newer by two days@4', 'b.txt': 'old@1' },
    steps: [
      {
        plan: [
          { action: 'DOWNLOAD_UPDATE', path: 'a.txt', reason: 'new on both sides, and different; the destination is 2 d newer' },
          { action: 'UPLOAD_UPDATE', path: 'b.txt', reason: 'new on both sides, and different; the source is 4 d newer' },
        ],
        after: { both: { 'a.txt': 'newer by two days@4', 'b.txt': 'the newer one@5' } },
      },
    ],
    trash: { source: ['a.txt: older'], destination: ['b.txt: old'] },
  },
  {
    name: 'at first contact the source wins if told so; what only the destination has comes over',
    options: { initialSync: 'source-wins' },
    source: { 'a.txt': 'older@2', 'b.txt': 'b@1' },
    destination: { 'a.txt': 'newer by two days@4', 'c.txt': 'c@1' },
    steps: [
      {
        plan: [
          { action: 'UPLOAD_UPDATE', path: 'a.txt', reason: 'new on both sides, and different; the source wins at first contact' },
          { action: 'UPLOAD_NEW', path: 'b.txt', reason: 'new at the source' },
          { action: 'DOWNLOAD_NEW', path: 'c.txt', reason: 'new at the destination' },
        ],
        after: { both: { 'a.txt': 'older@2', 'b.txt': 'b@1', 'c.txt': 'c@1' } },
      },
    ],
    trash: { destination: ['a.txt: newer by two days'] },
  },
  {
    name: 'at first contact the destination wins if told so',
    options: { initialSync: 'destination-wins' },
    source: { 'a.txt': 'newer@9' },
    destination: { 'a.txt': 'older, but wins@4' },
    steps: [
      {
        plan: [{ action: 'DOWNLOAD_UPDATE', path: 'a.txt', reason: 'new on both sides, and different; the destination wins at first contact' }],
        after: { both: { 'a.txt': 'older, but wins@4' } },
      },
    ],
    trash: { source: ['a.txt: newer'] },
  },
  {
    name: 'a lost state is a first contact: nothing is deleted, and what only one side has comes back',
    source: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' },
    destination: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' },
    steps: [
      { plan: [], after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' } } },
      {
        forget: true,
        edits: { source: [{ remove: 'a.txt' }], destination: [{ remove: 'b.txt' }] },
        plan: [
          { action: 'DOWNLOAD_NEW', path: 'a.txt', reason: 'new at the destination' },
          { action: 'UPLOAD_NEW', path: 'b.txt', reason: 'new at the source' },
        ],
        after: { both: { 'a.txt': 'a@2', 'b.txt': 'b@2', 'c.txt': 'c@2' } },
      },
    ],
  },
]
