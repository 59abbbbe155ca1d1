import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeKey, presign, queryString, sign, unsignedPayload, type Signable } from './sigv4.ts'

/** For Amazon's signer. */
class Sha256 {
  readonly #hash

  constructor(secret?: Parameters<typeof createHmac>[1] | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Uint8Array)
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
}

const now = Date.UTC(2026, 1, 3, 4, 5, 6, 789)
const day = { day: '20260203', stamp: '20260203T040506Z' }

const credentials = fc.record(
  {
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{20}$/),
    secretAccessKey: fc.stringMatching(/^[A-Za-z0-9/+]{40}$/),
    sessionToken: fc.base64String({ minLength: 4 }),
  },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
)
const key = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constantFrom('a b', 'a+b', "it's (1)!*", '%41', 'ä/日本/👩', 'a//b', '~'))
const headers = fc.dictionary(fc.stringMatching(/^x-amz-meta-[a-z]{1,8}$/), fc.stringMatching(/^[!-~]( {0,3}[!-~]){0,8}$/), { maxKeys: 4 })
const query = fc.dictionary(fc.stringMatching(/^[a-z-]{1,10}$/), fc.string({ unit: 'grapheme', maxLength: 12 }), { maxKeys: 4 })
const method = fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD')

function signerOf(asked: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }): SignatureV4 {
  // Of S3: keys are encoded once, and the hash of the payload is a header.
  return new SignatureV4({ service: 's3', region: 'eu-central-1', credentials: asked, sha256: Sha256, uriEscapePath: false })
}

describe('sign', () => {
  test("signs as Amazon's own signer does", async () => {
    await fc.assert(
      fc.asyncProperty(credentials, method, key, headers, query, async (who, verb, name, extra, asked) => {
        const path = `/bucket/${encodeKey(name)}`
        const mine: Signable = { method: verb, path, query: Object.entries(asked), headers: { ...extra, host: 'example.test:9000' } }
        const signed = sign(mine, unsignedPayload, { credentials: who, region: 'eu-central-1', service: 's3', now })
        const theirs = await signerOf(who).sign(
          {
            method: verb,
            protocol: 'https:',
            hostname: 'example.test',
            port: 9000,
            path,
            query: asked,
            headers: { ...extra, host: 'example.test:9000', 'x-amz-content-sha256': unsignedPayload },
          },
          { signingDate: new Date(now) },
        )
        expect(signed['authorization']).toBe(theirs.headers['authorization'])
        expect(signed['x-amz-date']).toBe(day.stamp)
      }),
    )
  })

  test('signs the token of a directory bucket under its own name', () => {
    const who = { accessKeyId: 'AKIA', secretAccessKey: 'secret', sessionToken: 'token' }
    const mine: Signable = { method: 'GET', path: '/', query: [], headers: { host: 'h' } }
    const signed = sign(mine, unsignedPayload, { credentials: who, region: 'r', service: 's3express', now, tokenHeader: 'x-amz-s3session-token' })
    expect(signed['x-amz-s3session-token']).toBe('token')
    expect(signed['authorization']).toContain('x-amz-s3session-token')
    expect(signed['authorization']).toContain(`${day.day}/r/s3express/aws4_request`)
  })
})

describe('presign', () => {
  test("signs as Amazon's own signer does", async () => {
    await fc.assert(
      fc.asyncProperty(credentials, key, query, async (who, name, asked) => {
        const path = `/bucket/${encodeKey(name)}`
        // Amazon's client puts this into the URL; without it its signer takes the hash of no content, which is not what S3 expects.
        const payload = { 'X-Amz-Content-Sha256': unsignedPayload }
        const mine: Signable = { method: 'GET', path, query: Object.entries({ ...asked, ...payload }), headers: { host: 'example.test' } }
        const text = presign(mine, 900, { credentials: who, region: 'eu-central-1', service: 's3', now })
        const theirs = await signerOf(who).presign(
          { method: 'GET', protocol: 'https:', hostname: 'example.test', path, query: asked, headers: { host: 'example.test', ...payload } },
          { signingDate: new Date(now), expiresIn: 900 },
        )
        expect(Object.fromEntries(new URLSearchParams(text.replaceAll('+', '%2B')))).toEqual(theirs.query)
      }),
    )
  })
})

describe('queryString', () => {
  test('is in the order of the encoded names, whatever the order of the parameters', () => {
    expect(
      queryString([
        ['prefix', 'a b/ä'],
        ['list-type', '2'],
        ['a-b', ''],
        ['a', ''],
      ]),
    ).toBe('a=&a-b=&list-type=2&prefix=a%20b%2F%C3%A4')
  })
})
