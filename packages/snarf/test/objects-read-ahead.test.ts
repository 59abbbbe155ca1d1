/** Checks and commits read several files at a time, and nothing else is different. */
import { setImmediate as turn } from 'node:timers/promises'
import { memory, toBytes, type Bytes, type WritableStorage } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { Check, Checkout, Commit, CommitError, DefaultSynchronizer, repositoryFromStorage, type ObjectSpace } from '../src/objects/index.ts'
import { filesInOrder, readingAhead } from '../src/objects/read-ahead.ts'
import { contentModel, Doc, File, Folder } from './content-model.ts'

function world(): ObjectSpace {
  return contentModel().space.synchronizer('zope.fssync.synchronizer.Extras', DefaultSynchronizer)
}

function tree(): Folder {
  const folder = (): Folder =>
    new Folder(
      Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [`n${i}`, i % 3 === 0 ? new Doc({ i }) : new File(`text ${i}`, 'text/plain', `title ${i}`)]),
      ),
    )
  return new Folder({ a: folder(), b: folder(), top: new File('top') })
}

interface Watched {
  readonly storage: WritableStorage
  /** Reads that were under way at once, at most. */
  readonly most: number
  readonly reads: readonly string[]
}

/** A store that answers after a while, and says how it was asked. */
function watched(inner: WritableStorage, concurrency: number, fails: (path: string) => boolean = () => false): Watched {
  const reads: string[] = []
  let now = 0
  const state = {
    most: 0,
    reads,
    storage: {
      ...inner,
      capabilities: { ...inner.capabilities, concurrency },
      async *read(path: string): AsyncGenerator<Uint8Array> {
        reads.push(path)
        state.most = Math.max(state.most, ++now)
        try {
          for (let i = 0; i < 5; i++) await turn()
          if (fails(path)) throw new Error(`no answer for ${path}`)
          yield* inner.read(path)
        } finally {
          now--
        }
      },
    } satisfies WritableStorage,
  }
  return state
}

async function filled(): Promise<WritableStorage> {
  const storage = memory()
  await new Checkout(world(), repositoryFromStorage(storage)).perform(tree(), 'site')
  return storage
}

describe('reading ahead', () => {
  test.each([1, 8])('a new tree is made from a store that takes %i reads at once, and none is read in vain', async concurrency => {
    const { storage, reads, ...rest } = watched(await filled(), concurrency)
    const target: { site?: Folder } = {}
    const seen = { storage, reads, ...rest }
    await new Commit(world(), repositoryFromStorage(storage)).perform(target, 'site', 'site')
    expect(target.site).toEqual(tree())
    const count = new Map<string, number>()
    for (const path of seen.reads) count.set(path, (count.get(path) ?? 0) + 1)
    // Planned, compared with the expected state, and made. The metadata are read once.
    expect(new Set([...count].filter(([path]) => !path.endsWith('Entries.xml')).map(([, times]) => times))).toEqual(new Set([3]))
    expect(new Set([...count].filter(([path]) => path.endsWith('Entries.xml')).map(([, times]) => times))).toEqual(new Set([1]))
  })

  test('several reads are under way at once, and never more than the store takes beside the one that is asked for', async () => {
    const inner = await filled()
    for (const run of [
      (storage: WritableStorage) => new Check(world(), repositoryFromStorage(storage)).check(tree(), '', 'site'),
      (storage: WritableStorage) => new Commit(world(), repositoryFromStorage(storage)).perform(tree(), '', 'site'),
    ]) {
      const seen = watched(inner, 6)
      await run(seen.storage)
      expect(seen.most).toBeGreaterThanOrEqual(6)
      expect(seen.most).toBeLessThanOrEqual(7)
    }
  })

  test('the same errors are told in the same order', async () => {
    const inner = await filled()
    await inner.write('site/a/n3', toBytes('<pickle>'))
    const fails = (path: string): boolean => path === 'site/b/n4' || path === 'site/a/n7' || path === 'site/top'
    const messages = await Promise.all(
      [1, 8].map(async concurrency => {
        const { storage } = watched(inner, concurrency, fails)
        const error: unknown = await new Commit(world(), repositoryFromStorage(storage)).perform({}, 'site', 'site').catch((cause: unknown) => cause)
        expect(error).toBeInstanceOf(CommitError)
        return String(error)
      }),
    )
    expect(messages[1]).toBe(messages[0])
    expect(messages[0]).toMatch(/site\/top: .*no answer[^]*site\/a\/n3[^]*site\/a\/n7[^]*site\/b\/n4/)
  })

  test('what changes after it was read ahead is noticed when it is used', async () => {
    const inner = await filled()
    let written = false
    const { storage } = watched(inner, 8)
    const commit = new Commit(world(), repositoryFromStorage(storage))
    commit.synchNew = async step => {
      if (!written) await inner.write('site/b/n4', toBytes('another text'))
      written = true
      await step.run()
    }
    const target: { site?: Folder } = {}
    const outcome: unknown = await commit.perform(target, 'site', 'site').catch((error: unknown) => error)
    // Read before it changed it is what was planned, read after that it is refused: never a third thing.
    if (outcome instanceof Error) expect(String(outcome)).toContain('site/b/n4 changed in the repository')
    else expect(target.site).toEqual(tree())
  })

  test('large files are not held ready, and little lies ready at once', async () => {
    const inner = memory()
    const big = new Uint8Array(3 * 1024 * 1024)
    for (let i = 0; i < 40; i++) await inner.write(`f${String(i).padStart(2, '0')}`, toBytes(i === 5 ? big : new Uint8Array(1024 * 1024)))
    const seen = watched(inner, 4)
    const repository = repositoryFromStorage(seen.storage)
    await readingAhead(repository, await filesInOrder(repository, ''), {}, async ahead => {
      expect(await sizeOf(ahead.read('f00'))).toBe(1024 * 1024)
      for (let i = 0; i < 2000; i++) await turn()
      // 16 that lie ready, at most as many more as were under way, and those that were given up or asked for.
      expect(seen.reads.length).toBeLessThanOrEqual(16 + 4 + 2)
      expect(seen.reads.length).toBeGreaterThan(8)
      expect(await sizeOf(ahead.read('f05'))).toBe(big.length)
      expect(await sizeOf(ahead.read('f39'))).toBe(1024 * 1024)
    })
  })
})

async function sizeOf(content: Bytes): Promise<number> {
  let size = 0
  for await (const chunk of content) size += chunk.length
  return size
}
