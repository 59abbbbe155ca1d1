import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memory } from '@syncline/core'
import { fs } from '@syncline/fs'
import { probe } from './facts.ts'
import type { Place, Store } from './store.ts'

/** Trees in memory. */
export async function memoryStore(options: Parameters<typeof memory>[0] = {}): Promise<Store> {
  const place = (): Promise<Place> => {
    const storage = memory(options)
    return Promise.resolve({ storage, client: storage, view: storage })
  }
  return { name: 'memory', abilities: await probe((await place()).storage), place, close: () => Promise.resolve() }
}

/** Directories of this machine. */
export async function localStore(): Promise<Store> {
  const root = await mkdtemp(join(tmpdir(), 'syncline-golden-'))
  const place = async (): Promise<Place> => {
    const directory = await mkdtemp(join(root, 'tree-'))
    const [storage, client] = [fs(directory), fs(directory)]
    return { storage, client, view: client, location: { location: directory, env: {} } }
  }
  return { name: 'fs', abilities: await probe((await place()).storage), place, close: () => rm(root, { recursive: true, force: true }) }
}
