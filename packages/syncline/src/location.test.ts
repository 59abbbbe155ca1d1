import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseLocation } from './location.ts'

describe('parseLocation', () => {
  test.each([
    ['./notes', '/work/notes'],
    ['notes', '/work/notes'],
    ['.', '/work'],
    ['..', '/'],
    ['/mnt/usb', '/mnt/usb'],
    ['/mnt/usb/', '/mnt/usb'],
    ['file:///mnt/usb', '/mnt/usb'],
    ['FILE:///mnt/with%20space', '/mnt/with space'],
    ['./s3://odd', '/work/s3:/odd'],
    ['./a:b', '/work/a:b'],
    ['-dash', '/work/-dash'],
    ['a b/写真', '/work/a b/写真'],
  ])('%s is a path', (text, path) => expect(parseLocation(text, '/work')).toEqual({ kind: 'path', path }))

  test.each(['C:\\notes', 'c:/notes', 'D:'])('%s is a path of Windows', text =>
    expect(parseLocation(text, '/work')).toEqual({ kind: 'path', path: resolve('/work', text) }),
  )

  test.each([
    ['s3://bucket/prefix?region=eu', 's3'],
    ['SFTP://ana@host/path', 'sftp'],
    ['btrfs:/mnt/pool/@home', 'btrfs'],
    ['snarf:file.snarf', 'snarf'],
    ['git+ssh://x', 'git+ssh'],
  ])('%s is a URL', (text, scheme) => expect(parseLocation(text, '/work')).toMatchObject({ kind: 'url', scheme }))

  test('a password is refused, and the message does not have it', () => {
    const call = (): unknown => parseLocation('sftp://ana:hunter2@host/path', '/work')
    expect(call).toThrow(/holds a password/)
    expect(call).not.toThrow(/hunter2/)
  })

  test.each([
    ['', 'empty'],
    ['a\0b', 'NUL'],
    ['file://host/x', 'no local file'],
    ['s3://[', 'is no URL'],
  ])('%j is refused', (text, reason) => expect(() => parseLocation(text, '/work')).toThrow(reason))
})
