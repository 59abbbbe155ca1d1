import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { decorate, type WritableStorage } from '@syncline/core'
import { conformance } from '@syncline/conformance'
import { fs, type FsOptions } from './fs.ts'

const runner = {
  describe: (name: string, define: () => void) => describe(name, define),
  test: (name: string, run: () => Promise<void>) => test(name, run),
}

function suite(title: string, options: FsOptions, wrap = (storage: WritableStorage): WritableStorage => storage): void {
  conformance(
    runner,
    () => {
      const parent = mkdtempSync(join(tmpdir(), 'syncline-conformance-'))
      // One level down: what escapes from the root shows beside it, and goes too.
      const root = join(parent, 'root')
      mkdirSync(root)
      return {
        storage: wrap(fs(root, options)),
        dispose: () => rmSync(parent, { recursive: true, force: true }),
      }
    },
    // Writing thousands of files with fsync takes minutes on some disks.
    { title, ...(options.fsync === true && { largeListing: 300 }) },
  )
}

suite('fs conforms to the protocol', {})
suite('fs with fsync and without threads conforms to the protocol', { fsync: true, workers: 0 })
suite('fs with symlinks followed conforms to the protocol', { symlinks: 'follow' })
suite('fs with symlinks skipped conforms to the protocol', { symlinks: 'skip' })

// Not promised, because another program may come between a look and a rename. Calls of one process cannot.
suite('fs with the conditions that it keeps within a process conforms to the protocol', {}, storage =>
  decorate(storage, { capabilities: { ...storage.capabilities, conditional: true } }),
)
