import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pump } from './pump.ts'

test('a write that fails while the next read is still under way leaves no rejection unhandled', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'syncline-pump-'))
  const seen: unknown[] = []
  const note = (error: unknown): unknown => seen.push(error)
  process.on('unhandledRejection', note)
  writeFileSync(join(folder, 'from'), Buffer.alloc(8 * 1024 * 1024, 1))
  const from = openSync(join(folder, 'from'), 'r')
  try {
    // Opened for reading only, so that the first write fails at once.
    for (let i = 0; i < 30; i++)
      await expect(pump({ from, to: from, size: 8 * 1024 * 1024, isAborted: () => false })).rejects.toMatchObject({ code: 'EBADF' })
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(seen).toEqual([])
  } finally {
    process.off('unhandledRejection', note)
    closeSync(from)
    rmSync(folder, { recursive: true })
  }
})
