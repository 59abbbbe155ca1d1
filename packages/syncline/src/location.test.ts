import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseLocation } from './location.ts'

describe('parseLocation', () => {
  test.each([
    ['./notes', '/home/ana/notes'],
    ['notes', '/home/ana/notes'],
    ['.', '/home/ana'],
    ['..', '/home'],
    ['/mnt/usb', '/mnt/usb'],
    ['/mnt/usb/', '/mnt/usb'],
    ['file:///mnt/usb', '/mnt/usb'],
    ['FILE:///mnt/with%20space', '/mnt/with space'],
    ['./s3://odd', '/home/ana/s3:/odd'],
    ['./a:b', '/home/ana/a:b'],
    ['-dash', '/home/ana/-dash'],
    ['a b/写真', '/home/ana/a b/写真'],
  ])('%s is a path', (text, path) => expect(parseLocation(text, '/home/ana')).toEqual({ kind: 'path', path }))

  test.each(['C:\\notes', 'c:/notes', 'D:'])('%s is a path of Windows', text =>
    expect(parseLocation(text, '/home/ana')).toEqual({ kind: 'path', path: resolve('/home/ana', text) }),
  )

  test.each([
    ['s3://bucket/prefix?region=eu', 's3'],
    ['SFTP://ana@host/path', 'sftp'],
    ['btrfs:/mnt/pool/@home', 'btrfs'],
    ['snarf:file.snarf', 'snarf'],
    ['git+ssh://x', 'git+ssh'],
  ])('%s is a URL', (text, scheme) => expect(parseLocation(text, '/home/ana')).toMatchObject({ kind: 'url', scheme }))

  test.each([
    ['snarf:site.snarf', 'snarf:/home/ana/site.snarf'],
    ['snarf:./a b/ä%25.snarf', 'snarf:/home/ana/a%20b/%C3%A4%25.snarf'],
    ['snarf:/srv/../mnt/site.snarf', 'snarf:/mnt/site.snarf'],
    ['snarf:file:///mnt/a%20b.snarf', 'snarf:/mnt/a%20b.snarf'],
    ['SNARF:s3://bucket/deep/site.snarf?region=eu', 'snarf:s3://bucket/deep/site.snarf?region=eu'],
    ['snarf:sftp://ana@host/site.snarf', 'snarf:sftp://ana@host/site.snarf'],
  ])('%s is the archive %s, also when it is read again', (text, href) => {
    const once = parseLocation(text, '/home/ana')
    expect(once.kind === 'url' && once.url.href).toBe(href)
    const twice = parseLocation(href, '/elsewhere')
    expect(twice.kind === 'url' && twice.url.href).toBe(href)
  })

  test.each([
    ['snarf:', 'is empty'],
    ['snarf:100%.snarf', '%25'],
    ['snarf:a?b.snarf', '%3F'],
    ['snarf:sftp://ana:hunter2@host/site.snarf', 'holds a password'],
  ])('%s is refused, saying what to write', (text, message) => expect(() => parseLocation(text, '/home/ana')).toThrow(message))

  test.each([
    [
      'sftp://ana:hunter2@host/path',
      /a key or an agent.*SYNCLINE_SFTP_PASSWORD, SYNCLINE_SFTP_PASSWORD_FILE .* SYNCLINE_SFTP_PASSWORD_COMMAND .*asked at a terminal/,
    ],
    ['ftp://ana:hunter2@host/path', /SYNCLINE_FTP_PASSWORD, SYNCLINE_FTP_PASSWORD_FILE .* SYNCLINE_FTP_PASSWORD_COMMAND .*keychain/],
    ['FTPS://ana:hunter2@host/path', /SYNCLINE_FTP_PASSWORD_COMMAND/],
    ['s3://AKIA:hunter2@bucket/prefix', /AWS_SECRET_ACCESS_KEY.*AWS_PROFILE/],
    ['dav://:hunter2@host/path', /its storage describes/],
    ['sftp://ana:hunter2%23x@host/path', /holds a password/],
  ])('the password in %s is refused, and the message says what to do instead', (text, instead) => {
    const call = (): unknown => parseLocation(text, '/home/ana')
    expect(call).toThrow(/holds a password/)
    expect(call).toThrow(instead)
    expect(call).not.toThrow(/hunter2/)
  })

  test.each(['sftp://ana:12#hunter2@host/path', 'sftp://ana:hunter2#@host/path', 'sftp://host/dir#hunter2', 's3://bucket/a#', 'file:///a#hunter2'])(
    'what is behind the "#" of %s is not silently left out, nor shown',
    text => {
      const call = (): unknown => parseLocation(text, '/home/ana')
      expect(call).toThrow(/has a "#"|is no URL/)
      expect(call).not.toThrow(/hunter2/)
    },
  )

  test.each([
    ['', 'empty'],
    ['a\0b', 'NUL'],
    ['file://host/x', 'no local file'],
    ['s3://[', 'is no URL'],
    ['file:///a?b', 'write it as %3F'],
    ['ana@host:notes', 'write sftp://user@host/path, or ./ana@host:notes'],
  ])('%j is refused', (text, reason) => expect(() => parseLocation(text, '/home/ana')).toThrow(reason))
})
