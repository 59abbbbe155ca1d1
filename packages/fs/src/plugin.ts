import type { StoragePlugin } from '@syncline/core'
import { fs } from './fs.ts'

/** Opens `file:///absolute/path`. */
export const plugin: StoragePlugin = {
  schemes: ['file'],
  async open(url, { signal } = {}) {
    signal?.throwIfAborted()
    return fs(url)
  },
}
