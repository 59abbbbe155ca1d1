import { execFileSync } from 'node:child_process'
import { readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytes, contents, directory, fill, isRoot } from '../test/fixture.ts'
import { fs } from './fs.ts'

/** Runs `act` in a file system of its own, made by `make` in an image of 64 MiB; false if that cannot be done here. */
async function inImage(make: (image: string) => void, act: (root: string) => Promise<void>): Promise<boolean> {
  const root = directory()
  const image = join(directory(), 'image')
  writeFileSync(image, '')
  truncateSync(image, 64 * 1024 * 1024)
  try {
    make(image)
    execFileSync('mount', ['-o', 'loop', image, root], { stdio: 'pipe' })
  } catch {
    return false
  }
  try {
    await act(root)
  } finally {
    execFileSync('umount', [root])
  }
  return true
}

const casefold = (image: string): void => void execFileSync('mkfs.ext4', ['-q', '-O', 'casefold', '-E', 'encoding=utf8', image], { stdio: 'pipe' })
const vfat = (image: string): void => void execFileSync('mkfs.vfat', [image], { stdio: 'pipe' })

describe('exactNames', () => {
  test.runIf(process.platform === 'linux')('is true here, with and without files to look at, and leaves nothing behind', () => {
    const root = directory()
    expect(fs(root).capabilities.exactNames).toBe(true)
    expect(readdirSync(root)).toEqual([])
    fill(root, { '1': '', Readme: '' })
    expect(fs(root).capabilities.exactNames).toBe(true)
    expect(fs(join(root, 'missing')).capabilities.exactNames).toBe(true)
    expect(readdirSync(root)).toHaveLength(2)
  })

  test('does not touch the tree when its names tell', () => {
    const root = directory()
    fill(root, { Readme: '' })
    execFileSync('touch', ['-d', '2001-01-01', root])
    const before = execFileSync('stat', ['-c', '%Y', root], { encoding: 'utf8' })
    void fs(root).capabilities.exactNames
    expect(execFileSync('stat', ['-c', '%Y', root], { encoding: 'utf8' })).toBe(before)
  })

  test.runIf(isRoot)('is false on a file system that folds case, with and without files to look at', async context => {
    const isDone = await inImage(casefold, async root => {
      const folded = join(root, 'folded')
      execFileSync('mkdir', [folded])
      execFileSync('chattr', ['+F', folded])
      expect(fs(folded).capabilities.exactNames).toBe(false)
      const storage = fs(folded)
      await storage.write('Name', bytes('x'))
      expect(fs(folded).capabilities.exactNames).toBe(false)
      expect(readdirSync(folded)).toEqual(['Name'])
      // Only the spelling changes; nothing is there that could be replaced.
      await storage.move?.('Name', 'name')
      expect(contents(folded)).toEqual({ name: 'x' })
      await storage.write('other', bytes('y'))
      await expect(storage.move?.('other', 'NAME')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    })
    if (!isDone) context.skip('cannot make and mount a case-folding ext4 image here')
  })

  test.runIf(isRoot)('vfat, without hard links and modes: files are written, conditions hold, times are coarse', async context => {
    const isDone = await inImage(vfat, async root => {
      const storage = fs(root)
      expect(storage.capabilities.exactNames).toBe(false)
      expect(storage.capabilities.modifiedPrecision).toBe(2000)
      const entry = await storage.write('d/Name', bytes('x'), { mode: 0o640, modified: 1e12 + 1000, ifNoneMatch: '*' })
      expect(Math.abs((entry.modified as number) - 1e12 - 1000)).toBeLessThanOrEqual(2000)
      await expect(storage.write('d/name', bytes('y'), { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
      await storage.move?.('d/Name', 'moved')
      expect(contents(root)).toEqual({ 'd/': '', moved: 'x' })
    })
    if (!isDone) context.skip('cannot make and mount a vfat image here')
  })
})
