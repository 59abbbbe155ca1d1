import { describe, test, type TestContext } from 'vitest'
import { conformance } from '@syncline/conformance'
import { find, openScratch, serverNames, type ServerName } from '../test/servers.ts'
import type { SftpOptions } from './options.ts'

function suite(title: string, name: ServerName, options: Partial<SftpOptions>): void {
  const server = find(name)
  conformance(
    {
      describe: (title: string, define: () => void) => describe(title, define),
      test: (sentence: string, run: (context: TestContext) => Promise<void>) =>
        // Thousands of files take a loaded machine long.
        test(sentence, { timeout: 120_000 }, async context => {
          const found = await server
          if (typeof found === 'string') context.skip(found)
          else await run(context)
        }),
    },
    async () => {
      const found = await server
      if (typeof found === 'string') throw new Error(found)
      const scratch = await openScratch(found, options)
      return { storage: scratch.storage, dispose: async () => scratch[Symbol.asyncDispose]() }
    },
    { title, largeListing: options.fsync === true ? 300 : name === 'sshd' ? 10_000 : 3000 },
  )
}

for (const name of serverNames) suite(`sftp conforms to the protocol, with ${name}`, name, {})
suite('sftp with fsync, remote hashes and one channel conforms to the protocol', 'sshd', { fsync: true, remoteHash: 'auto', channels: 1 })
