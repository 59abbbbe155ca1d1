import { describe, expect, test } from 'vitest'
import { ftpArena, type OpenArena, s3Arena, sftpArena } from '../src/faults/arenas.ts'
import { killAndResume } from '../src/faults/resume.ts'

const arenas: Readonly<Record<string, OpenArena>> = {
  s3: s3Arena,
  sftp: sftpArena,
  ftp: ftpArena('proftpd', 'none'),
  'ftp-list': ftpArena('vsftpd', 'none'),
}

describe('an upload of a big file whose process is killed at 60 %', () => {
  test.for(Object.keys(arenas))('is gone on with by the next process: %s', { timeout: 180_000 }, async (name, context) => {
    const arena = await arenas[name]?.()
    if (arena === undefined || 'missing' in arena) return context.skip(arena?.missing ?? '')
    try {
      const { first, second } = await killAndResume(arena)
      console.log(`${name}: ${(first * 100).toFixed(1)} % before the kill, ${(second * 100).toFixed(1)} % after it`)
      expect(second).toBeLessThanOrEqual(0.45)
    } finally {
      await arena.close()
    }
  })
})
