import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { syncNotes } from './sync-notes.ts'

let root: string
const at = (...parts: string[]): string => join(root, ...parts)

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'syncline-example-'))
  for (const directory of ['ours', 'theirs', 'state']) await mkdir(at(directory))
  await writeFile(at('ours', 'todo.md'), 'milk\n')
  await writeFile(at('ours', 'logo.bin'), 'one')
  await syncNotes(at('ours'), at('theirs'), at('state'))
})

afterEach(() => rm(root, { recursive: true }))

test('the longer note wins, the shorter one is kept in the trash, and the rest waits', async () => {
  await writeFile(at('ours', 'todo.md'), 'milk, bread\n')
  await writeFile(at('theirs', 'todo.md'), 'milk, bread and butter\n')
  await writeFile(at('ours', 'logo.bin'), 'two')
  await writeFile(at('theirs', 'logo.bin'), 'three')
  const result = await syncNotes(at('ours'), at('theirs'), at('state'))
  expect(result.exitCode).toBe(4)
  expect(result.conflicts.map(conflict => conflict.path)).toEqual(['logo.bin'])
  expect(await readFile(at('ours', 'todo.md'), 'utf8')).toBe('milk, bread and butter\n')
  const [run] = await readdir(at('ours', '.syncline-trash'))
  expect(await readFile(at('ours', '.syncline-trash', run ?? '', 'todo.md'), 'utf8')).toBe('milk, bread\n')
  expect(await readFile(at('ours', 'logo.bin'), 'utf8')).toBe('two')
  expect(await readFile(at('theirs', 'logo.bin'), 'utf8')).toBe('three')
})
