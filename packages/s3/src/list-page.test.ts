import { describe, expect, test } from 'vitest'
import { parsePage } from './list-page.ts'

describe('parsePage', () => {
  const contents = (key: string): string =>
    `<Contents><Key>${key}</Key><LastModified>2026-02-03T04:05:06.000Z</LastModified><ETag>&quot;5d41&quot;</ETag><Size>5</Size><Owner><ID>x</ID></Owner></Contents>`

  test('reads keys in percent-encoding, with "+" for a space', () => {
    const { objects } = parsePage(`<ListBucketResult><EncodingType>url</EncodingType>${contents('a+b%2Bc%0A%C3%A4')}</ListBucketResult>`)
    expect(objects).toEqual([{ key: 'a b+c\nä', size: 5, etag: '5d41' }])
  })

  test('reads keys of a server that does not encode them', () => {
    expect(parsePage(`<ListBucketResult>${contents('a+b%41&amp;&#x20AC;')}</ListBucketResult>`).objects[0]?.key).toBe('a+b%41&€')
  })

  test('finds the token before or behind the objects, and not in a key', () => {
    const token = '<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>'
    expect(parsePage(`<R>${token}${contents('a')}</R>`).token).toBe('t&1')
    expect(parsePage(`<R>${contents('a')}${token}</R>`).token).toBe('t&1')
    expect(parsePage(`<R>${contents('&lt;IsTruncated&gt;true&lt;/IsTruncated&gt;')}<IsTruncated>false</IsTruncated></R>`).token).toBeUndefined()
  })

  test('takes a page that was cut short without saying how it goes on for a failure, not for the end', () => {
    expect(() => parsePage(`<R>${contents('a')}<IsTruncated>true</IsTruncated></R>`)).toThrow('did not say where it goes on')
  })

  test('reads common prefixes', () => {
    const page =
      '<R><EncodingType>url</EncodingType><CommonPrefixes><Prefix>a+b/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes></R>'
    expect(parsePage(page).prefixes).toEqual(['a b/', 'c/'])
  })
})
