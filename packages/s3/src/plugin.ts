import type { StoragePlugin } from '@syncline/core'
import type { S3Options } from './options.ts'
import { s3 } from './s3.ts'

/** How each parameter of a URL sets an option. */
const parameters: Readonly<Record<string, (value: string) => Partial<S3Options>>> = {
  region: region => ({ region }),
  endpoint: endpoint => ({ endpoint }),
  'path-style': value => ({ pathStyle: flag('path-style', value) }),
  profile: profile => ({ profile }),
  'storage-class': storageClass => ({ storageClass }),
  encryption: value => ({ encryption: encryption(value) }),
  'requester-pays': value => ({ requesterPays: flag('requester-pays', value) }),
  directories: value => ({ directories: flag('directories', value) }),
  checksums: value => ({ checksums: value as NonNullable<S3Options['checksums']> }),
  'md5-etags': value => ({ md5Etags: flag('md5-etags', value) }),
  'part-size': value => ({ partSize: count('part-size', value) }),
  'ca-file': caFile => ({ caFile }),
  concurrency: value => ({ concurrency: count('concurrency', value) }),
}

/** Parameters that a URL may have. */
export const parameterNames: readonly string[] = Object.keys(parameters)

/** Opens `s3://bucket/prefix?region=…`. Keys come from the environment, a profile or the machine, never from the URL. */
export const plugin: StoragePlugin = {
  schemes: ['s3'],
  async open(url, { signal } = {}) {
    signal?.throwIfAborted()
    return s3(optionsOf(url))
  },
}

/** @throws TypeError for a URL that names no bucket, holds a secret, or has a parameter that is not known */
export function optionsOf(url: URL): S3Options {
  // Nothing of such a URL is repeated in a message: its parts may be the secret.
  if (url.username !== '' || url.password !== '')
    throw new TypeError('an s3 URL holds no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile by ?profile=…')
  if (url.hostname === '' || url.port !== '') throw new TypeError(`${url.href} names no bucket: write s3://bucket/prefix`)
  const options: Partial<S3Options>[] = [...url.searchParams].map(([name, value]) => {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (parameter === undefined) throw new TypeError(`an s3 URL has no parameter ${JSON.stringify(name)}; it has ${parameterNames.join(', ')}`)
    return parameter(value)
  })
  // One "/" parts the bucket from the prefix; another one belongs to the keys.
  const prefix = decodeURIComponent(url.pathname.replace(/^\//, ''))
  return Object.assign({ bucket: decodeURIComponent(url.hostname), ...(prefix !== '' && { prefix }) }, ...options) as S3Options
}

function flag(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new TypeError(`${name} must be true or false, got ${JSON.stringify(value)}`)
  return value === 'true'
}

function count(name: string, value: string): number {
  const [, digits, unit = ''] = /^(\d+)(|K|M|G)i?B?$/i.exec(value) ?? []
  if (digits === undefined) throw new TypeError(`${name} must be a number, as in 16M, got ${JSON.stringify(value)}`)
  return Number(digits) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit.toUpperCase())
}

function encryption(value: string): NonNullable<S3Options['encryption']> {
  const [type, keyId] = value.split(/:(?!kms)(.*)/s)
  if (type === 'AES256') return { type }
  if (type === 'aws:kms' || type === 'aws:kms:dsse') return { type, ...(keyId !== undefined && keyId !== '' && { keyId }) }
  throw new TypeError(`encryption must be AES256, aws:kms or aws:kms:<key>, got ${JSON.stringify(value)}`)
}
