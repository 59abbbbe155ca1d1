import { basename, dirname, resolve } from 'node:path'
import type { Bytes, FamilyCall } from '@syncline/core'
import { fs } from '@syncline/fs'
import type { Places } from './places.ts'

/** The content of one file, by its path or URL. @throws StorageError if it cannot be read */
export async function openFile(text: string, { signal, usageError }: FamilyCall, places: Places): Promise<Bytes> {
  const location = places.parse(text)
  if (location.kind === 'local') {
    const path = resolve(location.path)
    return fs(dirname(path)).read(basename(path), { signal })
  }
  if (location.kind === 'ssh') throw usageError(`${text} is a file on another host`, 'Write sftp://[USER@]HOST/PATH for it.')
  const parts = /^([^?#]*)\/([^/?#]+)(\?[^#]*)?$/.exec(location.url)
  if (parts === null) throw usageError(`${text} names no file`)
  const [, directory = '', name = '', query = ''] = parts
  const storage = await places.storage({ kind: 'storage', url: `${directory}${query}` })
  return storage.read(decodeURIComponent(name), { signal })
}
