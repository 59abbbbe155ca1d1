import process from 'node:process'
import type { StoragePlugin } from '@syncline/core'
import { ftp } from './ftp.ts'
import { optionsFromUrl } from './options.ts'

/** Opens `ftp://user@host:port/path` and, with implicit TLS, `ftps://…`. */
export const plugin: StoragePlugin = {
  schemes: ['ftp', 'ftps'],
  async open(url, { signal, prompt } = {}) {
    signal?.throwIfAborted()
    return await ftp({ ...optionsFromUrl(url, process.env), signal, prompt })
  },
}
