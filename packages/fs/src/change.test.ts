import { lstatSync, linkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytes, contents, directory, fill, listPaths } from '../test/fixture.ts'
import { fs } from './fs.ts'

describe('remove', () => {
  test('takes a file, a link and an empty directory; what is missing is fine', async () => {
    const root = directory()
    fill(root, { f: '', 'd/': '' })
    symlinkSync('f', join(root, 'l'))
    for (const path of ['f', 'l', 'd', 'none', 'none/below', 'f/below']) await fs(root).remove(path)
    expect(contents(root)).toEqual({})
  })

  test('rejects for a directory that is not empty, also if links are hidden in it', async () => {
    const root = directory()
    fill(root, { 'd/': '' })
    symlinkSync('x', join(root, 'd/l'))
    await expect(fs(root, { symlinks: 'skip' }).remove('d')).rejects.toMatchObject({ code: 'NOT_EMPTY', path: 'd' })
  })

  test('with ifMatch takes only that version', async () => {
    const root = directory()
    const storage = fs(root)
    const { etag } = await storage.write('f', bytes('one'))
    writeFileSync(join(root, 'f'), 'two')
    await expect(storage.remove('f', { ifMatch: etag as string })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', path: 'f' })
    await expect(storage.remove('none', { ifMatch: etag as string })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    expect(contents(root)).toEqual({ f: 'two' })
  })

  test('does not remove the root, not even when it is empty', async () => {
    const root = directory()
    await expect(fs(root).remove('')).rejects.toMatchObject({ code: 'INVALID_PATH', path: '' })
    expect(contents(root)).toEqual({})
  })
})

describe('makeDirectory and makeSymlink', () => {
  test('make parents; an existing directory is fine, a file in the way is not', async () => {
    const root = join(directory(), 'new')
    const storage = fs(root)
    await storage.makeDirectory?.('')
    await storage.makeDirectory?.('a/b')
    await storage.makeDirectory?.('a/b')
    await storage.makeSymlink?.('c/l', '../a')
    await storage.write('f', bytes('x'))
    await expect(storage.makeDirectory?.('f')).rejects.toMatchObject({ code: 'ALREADY_EXISTS', path: 'f' })
    await expect(storage.makeDirectory?.('f/x')).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY', path: 'f/x' })
    await expect(storage.makeDirectory?.('c/l')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(contents(root)).toEqual({ 'a/': '', 'a/b/': '', 'c/': '', 'c/l': '-> ../a', f: 'x' })
  })

  test('a link replaces a file or a link, never a directory', async () => {
    const root = directory()
    fill(root, { f: 'x', 'd/': '' })
    const storage = fs(root)
    await storage.makeSymlink?.('f', 'one')
    await storage.makeSymlink?.('f', 'two')
    await expect(storage.makeSymlink?.('d', 'x')).rejects.toMatchObject({ code: 'IS_A_DIRECTORY', path: 'd' })
    expect(contents(root)).toEqual({ 'd/': '', f: '-> two' })
  })
})

describe('setModified and setMode', () => {
  test('change a file and a directory, and the time of a link itself', async () => {
    const root = directory()
    fill(root, { f: 'x', 'd/': '' })
    symlinkSync('f', join(root, 'l'))
    const storage = fs(root)
    await storage.setModified?.('f', 1e12 + 0.25)
    await storage.setModified?.('d', -5000)
    await storage.setModified?.('l', 2e12)
    await storage.setMode?.('f', 0o640)
    await storage.setMode?.('d', 0o700)
    expect(await storage.stat('f')).toMatchObject({ modified: 1e12 + 0.25, mode: 0o640 })
    expect(await storage.stat('d')).toMatchObject({ modified: -5000, mode: 0o700 })
    expect(await storage.stat('l')).toMatchObject({ modified: 2e12, target: 'f' })
    await expect(storage.setMode?.('l', 0)).rejects.toMatchObject({ code: 'NOT_SUPPORTED', path: 'l' })
    await expect(storage.setMode?.('none', 0)).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'none' })
    await expect(storage.setModified?.('none', 0)).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'none' })
  })
})

describe('move', () => {
  test('takes a file, a link or a directory with everything in it, and makes parents', async () => {
    const root = directory()
    fill(root, { f: 'x', 'd/e/g': 'y' })
    symlinkSync('nowhere', join(root, 'l'))
    const storage = fs(root)
    const before = await storage.stat('f')
    await storage.move?.('f', 'new/f')
    await storage.move?.('l', 'new/l')
    await storage.move?.('d', 'new/d')
    expect(contents(root)).toEqual({ 'new/': '', 'new/d/': '', 'new/d/e/': '', 'new/d/e/g': 'y', 'new/f': 'x', 'new/l': '-> nowhere' })
    expect(await storage.stat('new/f')).toMatchObject({ id: before?.kind === 'file' && before.id })
    expect(lstatSync(join(root, 'new/f')).nlink).toBe(1)
  })

  test.each(['f', 'd', 'l'])('never replaces: %s', async to => {
    const root = directory()
    fill(root, { from: 'mine', 'fromd/x': '', f: 'theirs', 'd/': '' })
    symlinkSync('nowhere', join(root, 'l'))
    const before = contents(root)
    for (const from of ['from', 'fromd']) await expect(fs(root).move?.(from, to)).rejects.toMatchObject({ code: 'ALREADY_EXISTS', path: to })
    expect(contents(root)).toEqual(before)
  })

  test('with ifMatch replaces that version', async () => {
    const root = directory()
    fill(root, { from: 'mine' })
    const storage = fs(root)
    const { etag } = await storage.write('to', bytes('one'))
    writeFileSync(join(root, 'to'), 'two')
    await expect(storage.move?.('from', 'to', { ifMatch: etag as string })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    const entry = await storage.stat('to')
    await storage.move?.('from', 'to', { ifMatch: (entry as { etag: string }).etag })
    expect(contents(root)).toEqual({ to: 'mine' })
  })

  test('rejects for nothing, for a second name of the same file, and for a directory into itself', async () => {
    const root = directory()
    fill(root, { f: 'x', 'd/e/': '' })
    linkSync(join(root, 'f'), join(root, 'F'))
    await expect(fs(root).move?.('none', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'none' })
    await expect(fs(root).move?.('f', 'F')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(fs(root).move?.('d', 'd/e/f')).rejects.toMatchObject({ code: 'INVALID_PATH' })
    await expect(fs(root).move?.('', 'x')).rejects.toMatchObject({ name: 'StorageError' })
    expect(contents(root)).toEqual({ F: 'x', 'd/': '', 'd/e/': '', f: 'x' })
  })
})

describe('copy', () => {
  test('keeps content, time and mode unless told otherwise, and never replaces under ifNoneMatch', async () => {
    const root = directory()
    const storage = fs(root)
    await storage.write('f', bytes('x'), { modified: 1e12, mode: 0o640 })
    expect(await storage.copy?.('f', 'a/f')).toMatchObject({ path: 'a/f', modified: 1e12, mode: 0o640, size: 1 })
    expect(await storage.copy?.('f', 'a/g', { modified: 2e12, mode: 0o600 })).toMatchObject({ modified: 2e12, mode: 0o600 })
    await expect(storage.copy?.('f', 'a/f', { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', path: 'a/f' })
    await expect(storage.copy?.('none', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND', path: 'none' })
    await expect(storage.copy?.('a', 'x')).rejects.toMatchObject({ code: 'IS_A_DIRECTORY', path: 'a' })
    expect(await listPaths(storage)).toEqual(['a/', 'a/f', 'a/g', 'f'])
  })
})
