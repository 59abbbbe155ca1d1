import { describe, expect, test } from 'vitest'
import type { WritableStorage } from '../protocol.ts'
import { decorate } from './decorate.ts'
import { limit } from './limit.ts'
import { memory } from './memory.ts'
import { prefix } from './prefix.ts'
import { retry } from './retry.ts'

/** A store that can only append. */
function appending(): WritableStorage {
  const storage = memory()
  return decorate(storage, { upload: async (path, options) => ({ ...(await storage.upload(path, options)), sequential: true }) })
}

describe('an upload whose parts have to be put in order', () => {
  test.each([
    ['retry', (storage: WritableStorage) => retry(storage)],
    ['limit', (storage: WritableStorage) => limit(storage, { concurrency: 4 })],
    ['prefix', (storage: WritableStorage) => prefix(storage, 'd')],
  ])('says so through %s', async (_, wrap) => {
    expect((await wrap(appending()).upload?.('file', { size: 1 }))?.sequential).toBe(true)
    expect(await wrap(memory()).upload?.('file', { size: 1 })).not.toHaveProperty('sequential')
  })
})
