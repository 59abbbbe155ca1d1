import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { conformance } from '@syncline/conformance'
import { describe, test, type TestContext } from 'vitest'
import { btrfs } from '../src/storage/btrfs.ts'
import { openSubvolume } from './subvolumes.ts'

function suite(title: string, directory: string): void {
  conformance(
    {
      describe: (name: string, define: () => void) => describe(name, define),
      test: (sentence: string, run: (context: TestContext) => Promise<void>) =>
        test(sentence, { timeout: 120_000 }, async context => {
          const volume = await openSubvolume()
          if (typeof volume === 'string') return context.skip(volume)
          await volume[Symbol.asyncDispose]()
          await run(context)
        }),
    },
    async () => {
      const volume = await openSubvolume()
      if (typeof volume === 'string') throw new Error(volume)
      const root = join(volume.path, directory)
      mkdirSync(root, { recursive: true })
      return { storage: await btrfs(root), dispose: async () => volume[Symbol.asyncDispose]() }
    },
    { title },
  )
}

suite('a subvolume conforms to the protocol', '')
suite('a directory in a subvolume conforms to the protocol', 'some/where')
