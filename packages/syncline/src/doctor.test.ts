import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, type OutputStream } from '@syncline/cli'
import { probeClock } from '@syncline/core'
import { fs } from '@syncline/fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeEnvironment } from './node-environment.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'syncline-doctor-'))
  await writeFile(join(root, 'kept.txt'), 'kept')
})
afterEach(() => rm(root, { recursive: true, force: true }))

/** Runs the command as the executable does. @returns exit code and what was printed */
async function doctor(...argv: string[]): Promise<{ code: number; lines: Record<string, unknown>[]; err: string }> {
  const printed = { out: '', err: '' }
  const stream = (name: 'out' | 'err'): OutputStream => ({
    ...nodeEnvironment('0.0.0').stdout,
    write: text => void (printed[name] += text),
    isTTY: false,
  })
  const code = await run(['doctor', ...argv, '--json'], { ...nodeEnvironment('0.0.0'), stdout: stream('out'), stderr: stream('err') })
  const lines = printed.out
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  return { code, lines, err: printed.err }
}

describe('doctor of a local directory', () => {
  test('runs the tests of the protocol in it and leaves it as it was', { timeout: 60_000 }, async () => {
    const { code, lines, err } = await doctor(root)
    expect([code, err]).toEqual([0, ''])
    expect(lines.find(({ type }) => type === 'clock')).toMatchObject({ kept: { rounding: 'exact', shiftMs: 0 } })
    expect(lines.at(-1)).toMatchObject({ type: 'doctor_complete', failed: 0, broken: [] })
    expect(lines.at(-1)?.['passed']).toBeGreaterThan(60)
    expect(await readdir(root)).toEqual(['kept.txt'])
  })

  test('does not make a directory that is not there', async () => {
    const { code, lines } = await doctor(join(root, 'nothing'))
    expect(code).toBe(6)
    expect(lines).toEqual([expect.objectContaining({ type: 'failure', code: 'NOT_FOUND' })])
    expect(await readdir(root)).toEqual(['kept.txt'])
  })

  test('a scheme without its package says what to install', async () => {
    const { code, lines } = await doctor('nope://host/path')
    expect(code).toBe(2)
    expect(lines[0]?.['message']).toContain('syncline-plugin-nope')
  })

  test('a password in a URL appears in nothing that is printed', async () => {
    const { code, lines, err } = await doctor('sftp://ana:hunter2@host/path')
    expect(code).toBe(2)
    expect(err).toContain('SYNCLINE_SFTP_PASSWORD_COMMAND')
    expect(err + JSON.stringify(lines)).not.toContain('hunter2')
  })
})

describe('probeClock', () => {
  test('of a local directory: what a number can hold, by our clock, and nothing stays in it', async () => {
    await mkdir(join(root, 'd'))
    const { offsetMs, uncertaintyMs, kept, listed } = await probeClock(fs(join(root, 'd')))
    // A kernel stamps files by its last tick, which may be 10 ms old.
    expect(Math.abs(offsetMs as number)).toBeLessThanOrEqual(uncertaintyMs + 10)
    expect(kept).toEqual({ precisionMs: 0, rounding: 'exact', shiftMs: 0 })
    expect(listed).toEqual(kept)
    expect(await readdir(join(root, 'd'))).toEqual([])
  })
})
