import { realpath, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { StorageError } from '@syncline/core'
import { fs } from '@syncline/fs'
import type { RootFactory } from '../roots/root.ts'
import { rawOf } from '../subvolume/raw-text.ts'
import { DumpRoot, type DumpRootOptions } from './dump-root.ts'
import { FileRoot, type FileRootOptions } from './file-root.ts'

/** Roots of dumps in local directories, to read: a path is a directory of dumps, or a dump in one. */
export function fileRoots(options: FileRootOptions = {}): RootFactory {
  return {
    getRoot: async path => {
      const kind = await kindOf(path)
      if (kind === 'directory') return { root: new FileRoot(fs(path), options), path: '' }
      if (kind === 'file') {
        // What belongs to a dump lies beside it, not beside a link to it.
        const real = await realpath(path)
        const file = basename(real)
        return { root: new FileRoot(fs(dirname(real)), { ...options, file }), path: rawOf(file) }
      }
      throw new StorageError('NOT_SUPPORTED', `${path} is no dump and no directory of dumps${kind === undefined ? ': nothing is there' : ''}`)
    },
    isRoot: async path => (await kindOf(path)) === 'directory',
    close: () => Promise.resolve(),
  }
}

/** Roots of dumps in local directories, to write: a directory that is not there is made by the first dump. */
export function dumpRoots(options: DumpRootOptions = {}): RootFactory {
  return {
    getRoot: async path => {
      const kind = await kindOf(path)
      if (kind === 'directory' || kind === undefined) return { root: new DumpRoot(fs(path, { fsync: true }), options), path: '' }
      throw new StorageError('NOT_SUPPORTED', `${path} is no directory, so no dumps can be written to it`)
    },
    isRoot: async path => (await kindOf(path)) === 'directory',
    close: () => Promise.resolve(),
  }
}

async function kindOf(path: string): Promise<'directory' | 'file' | 'other' | undefined> {
  try {
    const found = await stat(path)
    return found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'other'
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
