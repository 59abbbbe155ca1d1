import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { memoryWorld } from '../../test/memory-environment.ts'
import type { CliEnvironment } from '../environment.ts'
import { makeStyle } from '../terminal/style.ts'
import { chooseProgress, ProgressDisplay, type ProgressKind } from './progress-display.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function display(kind: ProgressKind): { shown: ProgressDisplay; written: string[] } {
  const written: string[] = []
  const environment: CliEnvironment = {
    ...memoryWorld().environment,
    stderr: { ...memoryWorld().environment.stderr, write: text => void written.push(text), isTTY: true, columns: 60, rows: 20 },
  }
  return { shown: new ProgressDisplay(environment, makeStyle(false, true), 'a ⇄ b', kind), written }
}

describe('ProgressDisplay', () => {
  test('draws at most four frames a second, each in one write over the last one', () => {
    const { shown, written } = display('frame')
    shown.start()
    vi.advanceTimersByTime(1000)
    expect(written).toHaveLength(4)
    expect(written[0]).toBe('a ⇄ b  starting\n source 0 entries, 0 B  ·  destination 0 entries, 0 B\n')
    expect(written[1]).toBe(`\u001b[2A\r\u001b[J${written[0]}`)
    shown.stop()
    expect(written.at(-1)).toBe('\u001b[2A\r\u001b[J')
  })

  test('leaves nothing on the screen, and draws no more after the end', () => {
    const { shown, written } = display('frame')
    shown.start()
    shown.stop()
    vi.advanceTimersByTime(5000)
    expect(written).toEqual([])
  })

  test('is silent while a question waits', () => {
    const { shown, written } = display('frame')
    shown.start()
    vi.advanceTimersByTime(250)
    shown.hold()
    const before = written.length
    vi.advanceTimersByTime(5000)
    expect(written).toHaveLength(before)
    shown.resume()
    vi.advanceTimersByTime(250)
    expect(written).toHaveLength(before + 1)
    shown.stop()
  })

  test('writes a line after three seconds and then every ten', () => {
    const { shown, written } = display('line')
    shown.start()
    vi.advanceTimersByTime(2500)
    expect(written).toHaveLength(0)
    vi.advanceTimersByTime(21_500)
    expect(written).toHaveLength(3)
    expect(written.join('')).not.toContain('\u001b')
    shown.stop()
  })
})

describe('chooseProgress', () => {
  const kindOf = (terminal: boolean, variables: Readonly<Record<string, string>>, options = { json: false, quiet: false }): ProgressKind =>
    chooseProgress(memoryWorld({ terminal, variables }).environment, options)

  test.each<[string, ProgressKind, ProgressKind]>([
    ['a terminal has a frame', kindOf(true, {}), 'frame'],
    ['a pipe has lines', kindOf(false, {}), 'line'],
    ['a dumb terminal has lines', kindOf(true, { TERM: 'dumb' }), 'line'],
    ['a build server has lines', kindOf(true, { CI: 'true' }), 'line'],
    ['--quiet has nothing', kindOf(true, {}, { json: false, quiet: true }), 'none'],
    ['--json has no frame between its lines', kindOf(true, {}, { json: true, quiet: false }), 'none'],
    ['--json in a pipe has nothing', kindOf(false, {}, { json: true, quiet: false }), 'none'],
  ])('%s', (_name, kind, expected) => expect(kind).toBe(expected))
})
