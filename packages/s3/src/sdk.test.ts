import { afterEach, describe, expect, test, vi } from 'vitest'
import { s3 } from './s3.ts'
import { settle, type S3Options } from './options.ts'
import { destinationOf, loadSdk } from './sdk.ts'

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }

afterEach(() => vi.unstubAllEnvs())

async function whereIs(options: S3Options): Promise<readonly string[]> {
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
  const settings = settle({ credentials, ...options })
  const { url, region, service } = await destinationOf(await loadSdk(settings, settings.endpoint), settings)
  return [url.href, region, service]
}

describe('destinationOf', () => {
  test.each<[S3Options, readonly string[]]>([
    [{ bucket: 'photos', region: 'eu-central-1' }, ['https://photos.s3.eu-central-1.amazonaws.com/', 'eu-central-1', 's3']],
    [{ bucket: 'photos' }, ['https://photos.s3.us-east-1.amazonaws.com/', 'us-east-1', 's3']],
    [{ bucket: 'with.dots', region: 'eu-central-1' }, ['https://s3.eu-central-1.amazonaws.com/with.dots', 'eu-central-1', 's3']],
    [{ bucket: 'photos', region: 'cn-north-1' }, ['https://photos.s3.cn-north-1.amazonaws.com.cn/', 'cn-north-1', 's3']],
    [{ bucket: 'photos', region: 'eu-west-1', pathStyle: true }, ['https://s3.eu-west-1.amazonaws.com/photos', 'eu-west-1', 's3']],
    [
      { bucket: 'fast--use1-az4--x-s3', region: 'us-east-1' },
      ['https://fast--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com/', 'us-east-1', 's3express'],
    ],
    [{ bucket: 'photos', region: 'r', endpoint: 'http://127.0.0.1:9000/base' }, ['http://127.0.0.1:9000/base/photos', 'r', 's3']],
  ])('finds %o', async (options, expected) => expect(await whereIs(options)).toEqual(expected))
})

describe('presign', () => {
  test('goes to the place the bucket has with Amazon', async () => {
    const storage = s3({ bucket: 'photos', prefix: 'p', region: 'eu-central-1', credentials })
    const url = new URL(await storage.presign('a b/ä.jpg', { expiresIn: 60 }))
    expect(url.origin + url.pathname).toBe('https://photos.s3.eu-central-1.amazonaws.com/p/a%20b/%C3%A4.jpg')
    expect(url.searchParams.get('X-Amz-Expires')).toBe('60')
    expect(url.searchParams.get('X-Amz-Credential')).toMatch(/^AKIAEXAMPLE\/\d{8}\/eu-central-1\/s3\/aws4_request$/)
  })

  test('goes to a server of the environment, by the path or by the host', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', 'https://s3.example.test:8443')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAENV')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
    expect(await s3({ bucket: 'photos' }).presign('a')).toMatch(/^https:\/\/s3\.example\.test:8443\/photos\/a\?.*AKIAENV/)
    expect(await s3({ bucket: 'photos', pathStyle: false }).presign('a')).toMatch(/^https:\/\/photos\.s3\.example\.test:8443\/a\?/)
  })
})
