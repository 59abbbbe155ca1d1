import { describe, test, type TestContext } from 'vitest'
import { conformance } from '@syncline/conformance'
import { find, openScratch, secured, type Server, type ServerName } from '../test/servers.ts'
import type { FtpOptions } from './options.ts'

function suite(title: string, name: ServerName, optionsOf: (server: Server) => Partial<FtpOptions>, largeListing: number): void {
  const server = find(name)
  conformance(
    {
      describe: (title: string, define: () => void) => describe(title, define),
      test: (sentence: string, run: (context: TestContext) => Promise<void>) =>
        test(sentence, async context => {
          const found = await server
          if (typeof found === 'string') context.skip(found)
          else await run(context)
        }),
    },
    async () => {
      const found = await server
      if (typeof found === 'string') throw new Error(found)
      const scratch = await openScratch(found, optionsOf(found))
      return {
        storage: scratch.storage,
        dispose: async () => {
          await scratch[Symbol.asyncDispose]()
        },
      }
    },
    { title, secrets: ['the password'], largeListing },
  )
}

// Tried out when it is opened, so that all that the server can do is promised and tested.
suite('ftp conforms to the protocol, with vsftpd', 'vsftpd', () => ({ probe: 'open' }), 1500)
suite('ftp conforms to the protocol, with ProFTPD over explicit TLS', 'proftpd', server => ({ ...secured(server, 'explicit'), probe: 'open' }), 500)
suite('ftp conforms to the protocol, with pure-ftpd', 'pureftpd', () => ({ probe: 'open' }), 1500)
