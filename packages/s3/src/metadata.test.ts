import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromSeconds, md5Of, readHead, toSeconds } from './metadata.ts'

describe('toSeconds and fromSeconds', () => {
  test.each([
    [0, '0'],
    [1_700_000_000_123, '1700000000.123'],
    [1_700_000_000_000.5, '1700000000.0005'],
    [1_000, '1'],
    [-1_500, '-1.5'],
  ])('%d milliseconds are %s', (modified, text) => {
    expect(toSeconds(modified)).toBe(text)
    expect(fromSeconds(text)).toBe(modified)
  })

  test('every time comes back to the microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 4e12 }), fc.integer({ min: 0, max: 999 }), (ms, micros) => {
        const modified = ms + micros / 1000
        expect(Math.abs((fromSeconds(toSeconds(modified)) ?? NaN) - modified)).toBeLessThan(0.001)
      }),
    )
  })

  test.each(['', 'now', '1e9', '1700000000,5', '0x10', undefined])('%s is no time', text => expect(fromSeconds(text)).toBeUndefined())
})

describe('readHead', () => {
  const base = { 'content-length': '5', etag: '"5d41402abc4b2a76b9719d911017c592"', 'last-modified': 'Tue, 03 Feb 2026 04:05:06 GMT' }

  test('takes the time of the metadata before that of the upload', () => {
    expect(readHead({ ...base, 'x-amz-meta-mtime': '1700000000.5' }, true)).toMatchObject({ modified: 1_700_000_000_500, hasTime: true })
    expect(readHead({ ...base, 'x-amz-meta-mtime': 'yesterday' }, true)).toMatchObject({ modified: Date.UTC(2026, 1, 3, 4, 5, 6), hasTime: false })
  })

  test('takes an etag for an MD5 only where it is one', () => {
    expect(readHead(base, true).hashes).toEqual({ md5: '5d41402abc4b2a76b9719d911017c592' })
    expect(readHead(base, false).hashes).toEqual({})
    expect(readHead({ ...base, 'x-amz-server-side-encryption': 'aws:kms' }, true).hashes).toEqual({})
    expect(readHead({ ...base, 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }, true).hashes).toEqual({})
    expect(readHead({ ...base, 'x-amz-server-side-encryption': 'AES256' }, true).hashes).toHaveProperty('md5')
    expect(md5Of('5d41402abc4b2a76b9719d911017c592-2')).toBeUndefined()
  })

  test('shows checksums of the whole object, not those of parts', () => {
    const crc = { 'x-amz-checksum-crc64nvme': Buffer.from('ae8b14860a799888', 'hex').toString('base64') }
    expect(readHead({ ...base, ...crc, 'x-amz-checksum-type': 'FULL_OBJECT' }, false).hashes).toEqual({ crc64nvme: 'ae8b14860a799888' })
    expect(readHead({ ...base, ...crc, 'x-amz-checksum-type': 'COMPOSITE' }, false).hashes).toEqual({})
    expect(readHead({ ...base, 'x-amz-checksum-sha256': 'rosUhgoHmYg=-3' }, false).hashes).toEqual({})
  })

  test('shows permissions that are permissions', () => {
    expect(readHead({ ...base, 'x-amz-meta-syncline-mode': '0755' }, true).mode).toBe(0o755)
    expect(readHead({ ...base, 'x-amz-meta-syncline-mode': 'rwx' }, true).mode).toBeUndefined()
  })
})
