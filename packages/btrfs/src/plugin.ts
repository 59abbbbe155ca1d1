import { fileURLToPath } from 'node:url'
import type { StoragePlugin } from '@syncline/core'
import { btrfs } from './storage/btrfs.ts'

/** Opens `btrfs:/absolute/path`. With `?keep=false` no snapshot is kept between runs. */
export const plugin: StoragePlugin = {
  schemes: ['btrfs'],
  async open(url, { signal } = {}) {
    return btrfs(pathOf(url), { keep: keepOf(url), signal })
  },
}

function pathOf({ host, pathname, href }: URL): string {
  if (host !== '' || !pathname.startsWith('/')) throw new TypeError(`${href} names no absolute path of this machine; write btrfs:/path/to/subvolume`)
  return fileURLToPath(`file://${pathname}`)
}

function keepOf({ searchParams, href }: URL): boolean | undefined {
  const value = searchParams.get('keep')
  const unknown = [...searchParams.keys()].find(name => name !== 'keep')
  if (unknown !== undefined) throw new TypeError(`${href} has the unknown option "${unknown}"; there is "keep"`)
  if (value === null) return undefined
  if (value !== 'true' && value !== 'false') throw new TypeError(`keep is true or false, got "${value}" in ${href}`)
  return value === 'true'
}
