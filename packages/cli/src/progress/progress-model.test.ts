import type { SyncProgressEvent, SyncTotals } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { progressLine } from './progress-line.ts'
import { ProgressModel } from './progress-model.ts'

const totals: SyncTotals = { filesDone: 1, totalFiles: 4, bytesDone: 10, totalBytes: 40, bytesPerSecond: 5, etaMs: 6000 }
const counts = {
  uploads: 3,
  downloads: 1,
  deletesSource: 0,
  deletesDestination: 0,
  renamesSource: 0,
  renamesDestination: 0,
  conflicts: 2,
  unchanged: 0,
  problems: 0,
  ignored: 0,
  bytes: 40,
}

function transfer(
  type: 'upload_start' | 'upload_progress' | 'upload_complete' | 'download_start',
  filePath: string,
  bytesTransferred: number,
  totalBytes: number,
): SyncProgressEvent {
  return { type, filePath, bytesTransferred, totalBytes, totals, folder: { folder: '', filesDone: 0, totalFiles: 0, bytesDone: 0, totalBytes: 0 } }
}

function after(...events: readonly SyncProgressEvent[]): ReturnType<ProgressModel['state']> {
  const model = new ProgressModel()
  events.forEach(event => model.add(event))
  return model.state()
}

const planned: SyncProgressEvent = { type: 'plan_complete', counts, migration: { left: 0, entered: 0 } }
const started: SyncProgressEvent = { type: 'sync_start', totalFiles: 4, totalBytes: 40 }

describe('ProgressModel', () => {
  test('follows a run through its phases', () => {
    expect(after().phase).toBe('starting')
    expect(after({ type: 'scan_start', side: 'source', name: 'a' }).phase).toBe('scanning')
    expect(after(planned)).toMatchObject({ phase: 'planned', conflicts: 2 })
    expect(after(planned, started)).toMatchObject({ phase: 'syncing', totals: { totalFiles: 4, totalBytes: 40, filesDone: 0 } })
    expect(after(planned, started, { type: 'paused' }).phase).toBe('paused')
    expect(after(planned, started, { type: 'paused' }, { type: 'resumed' }).phase).toBe('syncing')
    expect(after(planned, started, { type: 'cancelled' }).phase).toBe('stopping')
  })

  test('has what runs now, the biggest first', () => {
    const { active } = after(
      started,
      transfer('upload_start', 'small', 0, 5),
      transfer('download_start', 'big', 0, 50),
      transfer('upload_progress', 'small', 2, 5),
    )
    expect(active).toEqual([
      { path: 'big', direction: 'download', done: 0, total: 50 },
      { path: 'small', direction: 'upload', done: 2, total: 5 },
    ])
  })

  test.each([
    ['completes', transfer('upload_complete', 'a', 5, 5)],
    ['fails', { type: 'error', filePath: 'a', action: 'UPLOAD_NEW', code: 'UNKNOWN', error: 'x' }],
    ['is skipped', { type: 'skip', filePath: 'a', reason: 'x', stale: true }],
  ] as const)('forgets a transfer that %s', (_name, event) => expect(after(started, transfer('upload_start', 'a', 0, 5), event).active).toEqual([]))

  test('counts retries and failures', () => {
    const retry: SyncProgressEvent = { type: 'retry', filePath: 'a', attempt: 1, delayMs: 1, error: 'x' }
    expect(after(retry, retry, { type: 'error', filePath: 'a', action: 'UPLOAD_NEW', code: 'UNKNOWN', error: 'x' })).toMatchObject({
      retries: 2,
      failures: 1,
    })
  })

  test('counts the entries of each side', () => {
    const state = after(
      { type: 'scan_progress', side: 'source', entries: 7, bytes: 70 },
      { type: 'scan_complete', side: 'destination', entries: 3, bytes: 30 },
    )
    expect([state.source, state.destination]).toEqual([
      { entries: 7, bytes: 70, complete: false },
      { entries: 3, bytes: 30, complete: true },
    ])
  })
})

describe('progressLine', () => {
  const now = Date.UTC(2026, 10, 20, 9, 30)

  test('is one line of facts', () => {
    const state = after(planned, started, transfer('upload_start', 'a', 0, 5))
    expect(progressLine(state, now)).toBe('2026-11-20T09:30:00Z syncing 25% 10B/40B 5B/s eta=6.0s done=1 left=3 retried=0 failed=0 conflicts=2')
  })

  test('counts entries before there is a plan', () => {
    expect(
      progressLine(after({ type: 'scan_start', side: 'source', name: 'a' }, { type: 'scan_progress', side: 'source', entries: 7, bytes: 70 }), now),
    ).toBe('2026-11-20T09:30:00Z scanning source=7 destination=0')
  })
})
