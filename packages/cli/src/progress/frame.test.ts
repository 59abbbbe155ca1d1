import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeStyle } from '../terminal/style.ts'
import { displayWidth } from '../terminal/width.ts'
import { frame } from './frame.ts'
import type { ProgressState } from './progress-model.ts'

const MiB = 1024 * 1024
const scan = { entries: 0, bytes: 0, complete: false }
const syncing: ProgressState = {
  phase: 'syncing',
  source: scan,
  destination: scan,
  totals: { filesDone: 17, totalFiles: 30, bytesDone: 504 * MiB, totalBytes: 826 * MiB, bytesPerSecond: 41 * MiB, etaMs: 8000 },
  active: [
    { path: '2026/11/IMG_4411.CR3', direction: 'upload', done: 40 * MiB, total: 48.1 * MiB },
    { path: 'album/cover.psd', direction: 'download', done: 5 * MiB, total: 9 * MiB },
  ],
  retries: 2,
  failures: 0,
  conflicts: 2,
  last: 'notes.md',
}
const plain = makeStyle(false, true)

describe('frame', () => {
  test('shows totals, the running transfers and counts', () => {
    expect(frame(syncing, 100, plain, '/home/ana/Photos ⇄ s3://backup/photos')).toMatchInlineSnapshot(`
      [
        "/home/ana/Photos ⇄ s3://backup/photos  syncing",
        "━━━━━━━━━━━━━━━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌   61%  504 MiB of 826 MiB  41.0 MiB/s  about 8.0 s left",
        " →  2026/11/IMG_4411.CR3                                          ━━━━━━━━━━╌╌   83%  48.1 MiB",
        " ←  album/cover.psd                                               ━━━━━━━╌╌╌╌╌   55%   9.0 MiB",
        " done 17   left 13   retried 2   failed 0   conflicts 2   last: notes.md",
      ]
    `)
  })

  test('shortens paths from the left on a narrow terminal', () => {
    expect(frame(syncing, 54, plain, '/home/ana/Photos ⇄ s3://backup/photos')).toMatchInlineSnapshot(`
      [
        "/home/ana/Photos ⇄ s3://backup/photos  syncing",
        "━━━━━━━━━╌╌╌╌╌   61%  504 MiB of 826 MiB  41.0 MiB/s",
        " →  …/11/IMG_4411.CR3    ━━━━━━━━━━╌╌   83%  48.1 MiB",
        " ←  album/cover.psd      ━━━━━━━╌╌╌╌╌   55%   9.0 MiB",
        " done 17   left 13   retried 2   failed 0",
      ]
    `)
  })

  test('uses ASCII only where the terminal has no more', () => {
    const lines = frame({ ...syncing, active: syncing.active.slice(0, 1) }, 80, makeStyle(false, false), 'a <-> b')
    for (const line of lines) expect(line).toMatch(/^[\u0020-\u007e]*$/)
  })

  test('shows both scans before there is a plan', () => {
    const state: ProgressState = {
      ...syncing,
      phase: 'scanning',
      source: { entries: 18_204, bytes: 5 * MiB, complete: true },
      destination: { entries: 900, bytes: 0, complete: false },
    }
    expect(frame(state, 100, plain, 'a ⇄ b')).toEqual(['a ⇄ b  scanning', ' source 18,204 entries, 5.0 MiB ✓  ·  destination 900 entries, 0 B'])
  })

  test('names how many transfers it does not show', () => {
    const active = Array.from({ length: 9 }, (_, index) => ({ path: `file ${index}`, direction: 'upload' as const, done: 0, total: 1 }))
    const lines = frame({ ...syncing, active }, 80, plain, 'a')
    expect(lines).toHaveLength(1 + 1 + 6 + 1 + 1)
    expect(lines[8]).toBe('    3 more at the same time')
  })

  const name = fc.string({ unit: fc.constantFrom('a', '/', '写', 'é', '🎉', '👨‍👩‍👧', '\u001b', '\n', '\u202e', '.'), maxLength: 60 })
  const amount = fc.oneof(fc.constant(0), fc.nat(2 ** 31 - 1), fc.constant(2 ** 53 - 1))
  const states = fc.record<ProgressState>({
    phase: fc.constantFrom('starting', 'scanning', 'planned', 'syncing', 'paused', 'stopping', 'complete'),
    source: fc.record({ entries: amount, bytes: amount, complete: fc.boolean() }),
    destination: fc.record({ entries: amount, bytes: amount, complete: fc.boolean() }),
    totals: fc.oneof(
      fc.record({ filesDone: amount, totalFiles: amount, bytesDone: amount, totalBytes: amount, bytesPerSecond: amount }),
      fc.record({ filesDone: amount, totalFiles: amount, bytesDone: amount, totalBytes: amount, bytesPerSecond: amount, etaMs: amount }),
    ),
    active: fc.array(fc.record({ path: name, direction: fc.constantFrom('upload', 'download'), done: amount, total: amount }), { maxLength: 10 }),
    retries: amount,
    failures: amount,
    conflicts: amount,
    last: fc.option(name, { nil: undefined }),
  })

  test('no line wraps, none holds a control character, whatever the names and the width', () => {
    fc.assert(
      fc.property(states, name, fc.integer({ min: 1, max: 220 }), fc.boolean(), (state, title, columns, symbols) => {
        const lines = frame(state, columns, makeStyle(false, symbols), title)
        expect(lines.length).toBeLessThanOrEqual(10)
        for (const line of lines) {
          expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(1, columns - 1))
          // eslint-disable-next-line no-control-regex -- what must never come through
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('colours change nothing but colours', () => {
    fc.assert(
      fc.property(states, fc.integer({ min: 20, max: 220 }), (state, columns) => {
        // eslint-disable-next-line no-control-regex -- colour sequences are made of it
        const colored = frame(state, columns, makeStyle(true, true), 'a ⇄ b').map(line => line.replace(/\u001b\[\d+m/g, ''))
        expect(colored).toEqual(frame(state, columns, plain, 'a ⇄ b'))
      }),
    )
  })
})
