import { type FileEntry, isStorageError, toBytes } from '@syncline/core'
import { describeError, leafPaths, must, mustEqual, mustReject, readText } from '../check.ts'
import type { PromiseNumber } from '../promises.ts'
import type { Case } from '../types.ts'

const failed = ['PRECONDITION_FAILED'] as const

/** Which of the calls succeeded; the others must have failed because of their condition. */
async function winners(promise: PromiseNumber, calls: readonly Promise<unknown>[]): Promise<readonly number[]> {
  const outcomes = await Promise.allSettled(calls)
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue
    must(
      promise,
      isStorageError(outcome.reason, 'PRECONDITION_FAILED'),
      `a call that lost rejected with ${describeError(outcome.reason)}, expected PRECONDITION_FAILED`,
    )
  }
  return outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []))
}

export const conditions: readonly Case[] = [
  {
    cites: ['P32'],
    sentence: 'creates only',
    writes: true,
    promisedAny: ['conditional', 'checksConditions'],
    tree: () => ({ 'd/file': 'kept' }),
    run: async ({ writable, shape }) => {
      await writable.write('d/new', toBytes('new'), { ifNoneMatch: '*' })
      mustEqual('P32', 'the file that was created', await readText(writable, 'd/new'), 'new')
      await mustReject('P32', 'create-only write over a file', () => writable.write('d/file', toBytes('x'), { ifNoneMatch: '*' }), failed, 'd/file')
      await mustReject(
        'P32',
        'create-only write over an empty content',
        () => writable.write('d/file', toBytes(''), { size: 0, ifNoneMatch: '*' }),
        failed,
        'd/file',
      )
      mustEqual('P32', 'the file that existed', await readText(writable, 'd/file'), 'kept')
      if (shape.capabilities.directories !== true) return
      await mustReject(
        'P32',
        'create-only write over a directory',
        () => writable.write('d', toBytes('x'), { ifNoneMatch: '*' }),
        ['PRECONDITION_FAILED', 'IS_A_DIRECTORY'],
        'd',
      )
    },
  },
  {
    cites: ['P33'],
    sentence: 'exactly one of several concurrent create-only writes succeeds',
    writes: true,
    promised: ['conditional'],
    run: async ({ writable }) => {
      for (let round = 0; round < 5; round++) {
        const path = `d${round}/file`
        const won = await winners(
          'P33',
          Array.from({ length: 4 }, (_, i) => writable.write(path, toBytes(`content ${i}`), { ifNoneMatch: '*' })),
        )
        must('P33', won.length === 1, `of 4 create-only writes at the same time ${won.length} succeeded`)
        mustEqual('P33', 'the file', await readText(writable, path), `content ${won[0]}`)
      }
    },
  },
  {
    cites: ['P34'],
    sentence: 'replaces only the version that is named',
    writes: true,
    promised: ['conditional'],
    tree: () => ({ file: 'one' }),
    run: async ({ writable }) => {
      const first = (await writable.stat('file')) as FileEntry
      const second = await writable.write('file', toBytes('two'), { ifMatch: first.etag as string })
      await mustReject(
        'P34',
        'write over a newer version',
        () => writable.write('file', toBytes('x'), { ifMatch: first.etag as string }),
        failed,
        'file',
      )
      mustEqual('P34', 'the newer version', await readText(writable, 'file'), 'two')
      await writable.remove('file')
      await mustReject(
        'P34',
        'write over a version that was removed',
        () => writable.write('file', toBytes('x'), { ifMatch: second.etag as string }),
        failed,
        'file',
      )
      mustEqual('P34', 'the listing', await leafPaths(writable), [])
    },
  },
  {
    cites: ['P34'],
    sentence: 'exactly one of several concurrent replacements of one version succeeds',
    writes: true,
    promised: ['conditional'],
    tree: () => ({ file: 'one' }),
    run: async ({ writable }) => {
      for (let round = 0; round < 5; round++) {
        const { etag } = (await writable.stat('file')) as FileEntry
        const won = await winners(
          'P34',
          Array.from({ length: 4 }, (_, i) => writable.write('file', toBytes(`round ${round} content ${i}`), { ifMatch: etag as string })),
        )
        must('P34', won.length === 1, `of 4 replacements of one version at the same time ${won.length} succeeded`)
        mustEqual('P34', 'the file', await readText(writable, 'file'), `round ${round} content ${won[0]}`)
      }
    },
  },
  {
    cites: ['P34', 'P31'],
    sentence: 'a version that appears during the write is not overwritten',
    writes: true,
    promised: ['conditional', 'atomicWrite'],
    tree: () => ({ file: 'one' }),
    run: async ({ writable }) => {
      const { etag } = (await writable.stat('file')) as FileEntry
      const overtaken = async function* (): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(10)
        await writable.write('file', toBytes('two'))
        yield new Uint8Array(10)
      }
      await mustReject(
        'P34',
        'a write that was overtaken by another',
        () => writable.write('file', overtaken(), { ifMatch: etag as string }),
        failed,
        'file',
      )
      mustEqual('P34', 'the version that came first', await readText(writable, 'file'), 'two')
    },
  },
  {
    cites: ['P45'],
    sentence: 'removes only the version that is named',
    writes: true,
    promised: ['conditional'],
    tree: () => ({ file: 'one' }),
    run: async ({ writable }) => {
      const first = (await writable.stat('file')) as FileEntry
      const second = await writable.write('file', toBytes('two'))
      await mustReject(
        'P45',
        'remove of a version that was replaced',
        () => writable.remove('file', { ifMatch: first.etag as string }),
        failed,
        'file',
      )
      mustEqual('P45', 'the newer version', await readText(writable, 'file'), 'two')
      await writable.remove('file', { ifMatch: second.etag as string })
      mustEqual('P45', 'stat after the remove', await writable.stat('file'), undefined)
    },
  },
]
