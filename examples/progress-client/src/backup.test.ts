import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startBackup } from './backup.ts'

let root: string
const at = (...parts: string[]): string => join(root, ...parts)

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'syncline-example-'))
  for (const directory of ['from', 'to', 'state']) await mkdir(at(directory))
  for (let i = 0; i < 500; i++) await writeFile(at('from', `photo ${i}.jpg`), 'x'.repeat(1000 + i))
})

afterEach(() => rm(root, { recursive: true }))

test('shows what it does, and copies everything', async () => {
  const lines: string[] = []
  const result = await startBackup(at('from'), at('to'), at('state'), line => lines.push(line)).done
  expect(result.stats.uploads).toBe(500)
  expect(lines[0]).toBe('500 to copy, 0 up to date')
  expect(lines.at(-1)).toBe('done: 500 copied')
  expect(await readdir(at('to'))).toHaveLength(500)
})

test('stops when it is told to, and the next run does the rest', async () => {
  let copied = 0
  const backup = startBackup(at('from'), at('to'), at('state'), line => {
    if (line.includes('% ') && ++copied === 10) backup.stop()
  })
  const stopped = await backup.done
  expect(stopped.cancelled).toBe(true)
  expect(stopped.stats.uploads).toBeGreaterThan(0)
  const rest = await startBackup(at('from'), at('to'), at('state'), () => {}).done
  expect(stopped.stats.uploads + rest.stats.uploads).toBe(500)
  expect(rest.exitCode).toBe(0)
})
