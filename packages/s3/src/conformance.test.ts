import { randomUUID } from 'node:crypto'
import { describe, test } from 'vitest'
import { decorate, type WritableStorage } from '@syncline/core'
import { conformance } from '@syncline/conformance'
import { service } from '@syncline/services'
import { makeBucket } from '@syncline/services/bucket'
import type { S3Options } from './options.ts'
import { s3, type S3Storage } from './s3.ts'

const server = await service('s3')

const runner = {
  describe: (name: string, define: () => void) => describe(name, define),
  test: (name: string, run: (context?: unknown) => Promise<void>) =>
    // More than a page of objects has to be written first, each with a request.
    test(name, { timeout: 90_000 }, async context => {
      if (server.available) await run(context)
      else context.skip(server.reason)
    }),
}

function suite(title: string, options: Partial<S3Options> = {}, wrap = (storage: S3Storage): WritableStorage => storage): void {
  conformance(
    runner,
    async () => {
      if (!server.available) throw new Error(server.reason)
      const bucket = await makeBucket(server)
      const storage = s3({ ...bucket.options, ...options })
      await storage.probe()
      return { storage: wrap(storage), dispose: () => bucket[Symbol.asyncDispose]() }
    },
    { title, largeListing: 1100, secrets: server.available ? [server.secretAccessKey] : [] },
  )
}

suite('s3 conforms to the protocol')
suite('s3 below a prefix conforms to the protocol', { prefix: `deep/${randomUUID()} +%&/ä` })
suite('s3 with directories conforms to the protocol', { directories: true })
suite('s3 with checksums conforms to the protocol', { checksums: 'always', partSize: 5 * 1024 * 1024 })

// Not promised for this server, which decides conditions of writes only: the others are looked at right before, so within a process they hold.
suite('s3 with the conditions that it keeps within a process conforms to the protocol', {}, storage =>
  decorate(storage, { capabilities: { ...storage.capabilities, conditional: true } }),
)
