import { memory, type OpenStorageOptions, type Question, StorageError } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import type { PackageLoader } from './adapters.ts'
import { open } from './open.ts'

/** An adapter whose storages ask for a password. */
function loaderOf(work: (options: OpenStorageOptions) => void = () => undefined): PackageLoader {
  const plugin = {
    schemes: ['ask'],
    async open(_url: URL, options: OpenStorageOptions = {}) {
      const password = await options.prompt?.({ text: 'password of ana', secret: true })
      work(options)
      if (password === undefined) throw new StorageError('UNAUTHENTICATED', 'a password is missing')
      return memory({ name: `ask with ${password.length} letters` })
    },
  }
  return { load: () => Promise.resolve({ plugin }), loadFromProject: () => Promise.resolve({ plugin }) }
}

describe('open', () => {
  test('an adapter can ask, and what is answered reaches it', async () => {
    const asked: Question[] = []
    const prompt = (question: Question): Promise<string> => {
      asked.push(question)
      return Promise.resolve('hunter2')
    }
    expect((await open('ask://host', { loader: loaderOf(), prompt })).name).toBe('ask with 7 letters')
    expect(asked).toEqual([{ text: 'password of ana', secret: true }])
  })

  test('where nobody can be asked the adapter says what is missing', async () => {
    await expect(open('ask://host', { loader: loaderOf() })).rejects.toThrow('a password is missing')
  })

  test('a question that is answered with Ctrl-C ends in the interrupt, not in what is missing', async () => {
    const controller = new AbortController()
    const prompt = (): Promise<undefined> => {
      controller.abort(new Error('interrupted'))
      return Promise.resolve(undefined)
    }
    await expect(open('ask://host', { loader: loaderOf(), prompt, signal: controller.signal })).rejects.toThrow('interrupted')
  })
})
