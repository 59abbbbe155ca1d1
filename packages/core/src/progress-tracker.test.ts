import { describe, expect, test } from 'vitest'
import type { PlanItem } from './plan.ts'
import { SyncProgressTracker } from './progress-tracker.ts'
import type { SyncProgressEvent } from './progress.ts'

const file = (path: string, size: number): PlanItem => ({
  action: 'UPLOAD_NEW',
  path,
  from: null,
  kind: 'file',
  phase: 'transfer',
  size,
  reason: '',
  source: null,
  destination: null,
})

function tracked(): { tracker: SyncProgressTracker; events: SyncProgressEvent[]; at: (ms: number) => void } {
  const events: SyncProgressEvent[] = []
  let clock = 0
  return { tracker: new SyncProgressTracker(event => void events.push(event), { now: () => clock }), events, at: ms => void (clock = ms) }
}

describe('SyncProgressTracker', () => {
  test('tells totals, each file and its folder', () => {
    const { tracker, events } = tracked()
    tracker.start([file('d/a', 10), file('d/b', 30), file('c', 5), { ...file('x', 9), phase: 'none' }])
    tracker.transferStart('upload', 'd/a', 10)
    tracker.transferComplete('d/a')
    tracker.itemDone()
    expect(events[0]).toEqual({ type: 'sync_start', totalFiles: 3, totalBytes: 45 })
    expect(events[2]).toMatchObject({
      type: 'upload_complete',
      filePath: 'd/a',
      bytesTransferred: 10,
      totalBytes: 10,
      folder: { folder: 'd', filesDone: 1, totalFiles: 2, bytesDone: 10, totalBytes: 40 },
      totals: { filesDone: 0, totalFiles: 3, bytesDone: 10, totalBytes: 45 },
    })
    expect(tracker.totals()).toMatchObject({ filesDone: 1, bytesDone: 10 })
  })

  test('speed is that of the last seconds, and an estimate comes only after three', () => {
    const { tracker, at } = tracked()
    tracker.start([file('a', 100_000)])
    tracker.transferStart('upload', 'a', 100_000)
    at(1_000)
    tracker.transferProgress('a', 1_000)
    expect(tracker.totals()).toMatchObject({ bytesPerSecond: 1_000 })
    expect(tracker.totals().etaMs).toBeUndefined()
    at(4_000)
    tracker.transferProgress('a', 4_000)
    expect(tracker.totals()).toMatchObject({ bytesPerSecond: 1_000, etaMs: 96_000 })
    // Ten times as fast from here: the window forgets the slow start.
    for (let second = 5; second <= 20; second++) {
      at(second * 1_000)
      tracker.transferProgress('a', 4_000 + (second - 4) * 2_000)
    }
    expect(tracker.totals().bytesPerSecond).toBe(2_000)
  })

  test('progress of one file comes a few times a second, whatever its chunks', () => {
    const { tracker, events, at } = tracked()
    tracker.start([file('a', 1000)])
    tracker.transferStart('download', 'a', 1000)
    for (let ms = 1; ms <= 1000; ms++) {
      at(ms)
      tracker.transferProgress('a', ms)
    }
    expect(events.filter(event => event.type === 'download_progress').length).toBe(10)
  })

  test('a failed or repeated try takes its bytes back', () => {
    const { tracker } = tracked()
    tracker.start([file('d/a', 10)])
    tracker.transferStart('upload', 'd/a', 10)
    tracker.transferProgress('d/a', 7)
    tracker.transferStart('upload', 'd/a', 10)
    expect(tracker.totals().bytesDone).toBe(0)
    tracker.transferProgress('d/a', 4)
    tracker.transferFailed('d/a')
    expect(tracker.totals().bytesDone).toBe(0)
  })

  test('a callback that throws or rejects is told of once and breaks nothing', async () => {
    for (const callback of [
      () => {
        throw new Error('mine')
      },
      () => Promise.reject(new Error('mine')),
    ]) {
      const told: unknown[] = []
      const tracker = new SyncProgressTracker(callback, { onCallbackError: error => void told.push((error as Error).message) })
      tracker.start([file('a', 1)])
      tracker.transferStart('upload', 'a', 1)
      tracker.transferComplete('a')
      await Promise.resolve()
      expect(told).toEqual(['mine'])
    }
  })

  test('without a callback it stays silent', () => {
    const tracker = new SyncProgressTracker()
    tracker.start([file('a', 1)])
    tracker.transferStart('upload', 'a', 1)
    tracker.transferComplete('a')
    expect(tracker.active).toBe(false)
  })
})
