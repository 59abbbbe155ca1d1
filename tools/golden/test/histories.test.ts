import { afterAll, beforeAll, describe, test } from 'vitest'
import { Command } from '../src/command.ts'
import { History, numbersFrom } from '../src/history.ts'
import type { OpenStore } from '../src/pairs.ts'
import { ftpStore, s3Store, sftpStore } from '../src/remotes.ts'
import { localStore } from '../src/stores.ts'

const stores: Readonly<Record<string, OpenStore>> = { fs: localStore, sftp: sftpStore('sshd'), ftp: ftpStore('proftpd'), s3: s3Store }
const pairs = [
  ['fs', 'fs'],
  ['fs', 'sftp'],
  ['fs', 'ftp'],
  ['fs', 's3'],
  ['s3', 'sftp'],
] as const
// For long runs by hand, and for one history again. Edits and moments of the kills come from the seed; how far a run has come by then does not.
const count = Number(process.env['SYNCLINE_HISTORIES'] ?? 2)
const { SYNCLINE_SEED: asked = '20261122' } = process.env
const first = asked === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(asked)
const rounds = 5

describe('random edits on both sides, and runs that are killed', () => {
  const opened = new Map<string, Awaited<ReturnType<OpenStore>>>()
  beforeAll(async () => {
    for (const [name, open] of Object.entries(stores)) opened.set(name, await open())
  })
  afterAll(async () => {
    for (const store of opened.values()) if (!('missing' in store)) await store.close()
  })

  test.for(pairs)(
    'lose nothing that nobody gave up, and make both sides the same: %s and %s',
    { timeout: 600_000 },
    async ([one, other], context) => {
      const [source, destination] = [opened.get(one), opened.get(other)]
      if (source === undefined || 'missing' in source) return context.skip(source?.missing ?? 'it was not opened')
      if (destination === undefined || 'missing' in destination) return context.skip(destination?.missing ?? 'it was not opened')
      for (let seed = first; seed < first + count; seed++) {
        const [ours, theirs] = [await source.place(), await destination.place()]
        const command = await Command.make({ ...ours.location?.env, ...theirs.location?.env })
        const history = new History(ours, theirs, command, numbersFrom(seed))
        try {
          for (let round = 0; round < rounds; round++) await history.round()
          await history.settle()
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}\n${history.story}`, { cause: error })
        } finally {
          await command.remove()
        }
      }
    },
  )
})
