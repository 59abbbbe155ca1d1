import { describe, expect, test } from 'vitest'
import { optionsOf, plugin } from './plugin.ts'

describe('plugin', () => {
  test.each([
    ['s3://bucket', { bucket: 'bucket' }],
    ['s3://bucket/', { bucket: 'bucket' }],
    ['s3://bucket/a/b/', { bucket: 'bucket', prefix: 'a/b/' }],
    ['s3://bucket//a%20b+c', { bucket: 'bucket', prefix: '/a b+c' }],
    [
      's3://b/p?region=eu-west-1&endpoint=http://127.0.0.1:9000&path-style=false',
      { bucket: 'b', prefix: 'p', region: 'eu-west-1', endpoint: 'http://127.0.0.1:9000', pathStyle: false },
    ],
    [
      's3://b?directories=true&part-size=16M&storage-class=GLACIER_IR',
      { bucket: 'b', directories: true, partSize: 16 * 1024 ** 2, storageClass: 'GLACIER_IR' },
    ],
    [
      's3://b?encryption=aws:kms:arn:aws:kms:eu-west-1:1:key/2',
      { bucket: 'b', encryption: { type: 'aws:kms', keyId: 'arn:aws:kms:eu-west-1:1:key/2' } },
    ],
    ['s3://b?encryption=AES256', { bucket: 'b', encryption: { type: 'AES256' } }],
  ])('reads %s', (url, options) => expect(optionsOf(new URL(url))).toEqual(options))

  test('refuses keys in a URL without repeating them', () => {
    for (const url of ['s3://AKIA:topsecret@bucket/p', 's3://topsecret@bucket']) {
      expect(() => optionsOf(new URL(url))).toThrow('AWS_SECRET_ACCESS_KEY')
      expect(() => optionsOf(new URL(url))).not.toThrow('topsecret')
    }
  })

  test.each([
    ['s3://bucket?regoin=x', 'no parameter "regoin"; it has region, endpoint'],
    ['s3://bucket?path-style=yes', 'path-style must be true or false'],
    ['s3://bucket?part-size=many', 'part-size must be a number'],
    ['s3://bucket?encryption=rot13', 'encryption must be AES256'],
    ['s3:///prefix', 'names no bucket'],
  ])('says what is wrong with %s', (url, message) => expect(() => optionsOf(new URL(url))).toThrow(message))

  test('names the place without its parameters', async () => {
    const storage = await plugin.open(new URL('s3://bucket/a/b?region=eu-west-1'))
    expect(storage.name).toBe('s3://bucket/a/b')
  })

  test.each([
    [{ partSize: 1024 }, 'partSize'],
    [{ concurrency: 0 }, 'concurrency'],
    [{ memory: 1 }, 'memory'],
    [{ checksums: 'some' as never }, 'checksums'],
    [{ bucket: 'a/b' }, 'bucket'],
    [{ encryption: { type: 'customer', key: new Uint8Array(5) } as const }, '32 bytes'],
  ])('refuses %o', async (wrong, name) => {
    const { s3 } = await import('./s3.ts')
    expect(() => s3({ bucket: 'bucket', ...wrong })).toThrow(name)
  })
})
