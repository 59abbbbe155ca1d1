import { bytesOf, ConformanceError, listAll, must, mustEqual, mustReject, pattern, show } from '../check.ts'
import type { Case } from '../types.ts'

/** Digests of "123456789", the check input of the CRC catalogues; the others from their standards' implementations. */
const digests: Readonly<Record<string, string>> = {
  md5: '25f9e794323b453885f5181f1b624d0b',
  sha1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  crc32c: 'e3069283',
  crc64nvme: 'ae8b14860a799888',
}

const webCryptoNames: Readonly<Record<string, string>> = { sha1: 'SHA-1', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' }

async function digestOf(name: string, content: Uint8Array): Promise<string | undefined> {
  const algorithm = webCryptoNames[name]
  if (algorithm === undefined) return undefined
  const digest = await crypto.subtle.digest(algorithm, content)
  return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('')
}

export const hashing: readonly Case[] = [
  {
    cites: ['P59'],
    sentence: 'hash gives the right digest for every function that is promised',
    promised: ['hashes'],
    methods: ['hash'],
    tree: () => ({ check: '123456789', big: pattern(1_000_003), empty: '' }),
    run: async ({ writable, shape }) => {
      for (const name of shape.capabilities.hashes ?? []) {
        const known = digests[name] ?? (await digestOf(name, bytesOf('123456789')))
        const digest = await writable.hash('check', name)
        must('P59', /^[0-9a-f]+$/.test(digest), `${name} is ${show(digest)}, expected lower-case hex`)
        if (known !== undefined) mustEqual('P59', `${name} of "123456789"`, digest, known)
        const big = await digestOf(name, pattern(1_000_003))
        if (big !== undefined) mustEqual('P59', `${name} of a big file`, await writable.hash('big', name), big)
        const empty = await digestOf(name, new Uint8Array(0))
        if (empty !== undefined) mustEqual('P59', `${name} of an empty file`, await writable.hash('empty', name), empty)
      }
    },
  },
  {
    cites: ['P59'],
    sentence: 'the hashes in entries are those of the content',
    tree: () => ({ check: '123456789' }),
    run: async ({ storage }) => {
      for (const entry of [await storage.stat('check'), ...(await listAll(storage))]) {
        if (entry?.kind !== 'file') throw new ConformanceError('P59', `the file is shown as ${show(entry)}`)
        for (const [name, digest] of Object.entries(entry.hashes ?? {})) {
          const known = digests[name] ?? (await digestOf(name, bytesOf('123456789')))
          if (known !== undefined) mustEqual('P59', `${name} of "123456789" in an entry`, digest, known)
        }
      }
    },
  },
  {
    cites: ['P60'],
    sentence: 'hash rejects what it cannot do',
    methods: ['hash'],
    tree: () => ({ file: 'x' }),
    run: async ({ writable, shape }) => {
      await mustReject('P60', 'an unknown hash function', () => writable.hash('file', 'rot13'), ['NOT_SUPPORTED'])
      await mustReject(
        'P60',
        'hash of a missing file',
        () => writable.hash('missing', shape.capabilities.hashes?.[0] ?? 'sha256'),
        ['NOT_FOUND'],
        'missing',
      )
    },
  },
]
