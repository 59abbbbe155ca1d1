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

  test('a password is refused, and the message does not have it', () => {
    const call = (): unknown => parseLocation('sftp://ana:hunter2@host/path', '/home/ana')
    expect(call).toThrow(/holds a password/)
    expect(call).not.toThrow(/hunter2/)
  })

  test.each([
    ['', 'empty'],
    ['a\0b', 'NUL'],
    ['file://host/x', 'no local file'],
    ['s3://[', 'is no URL'],
  ])('%j is refused', (text, reason) => expect(() => parseLocation(text, '/home/ana')).toThrow(reason))
})
