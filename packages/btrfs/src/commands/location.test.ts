import { describe, expect, test } from 'vitest'
import { parseLocation, type Location } from './location.ts'

const local = (path: string): Location => ({ kind: 'local', path })
const ssh = (host: string, path: string, more: { user?: string; port?: number } = {}): Location => ({ kind: 'ssh', host, path, ...more })

describe('parseLocation', () => {
  test.each<[string, Location]>([
    ['/mnt/pool', local('/mnt/pool')],
    ['snaps/', local('snaps/')],
    ['.', local('.')],
    ['./a:b', local('./a:b')],
    ['/mnt/a:b', local('/mnt/a:b')],
    ['a b/c', local('a b/c')],
    ['a@b', local('a@b')],
    ['file:///mnt/a%20b', local('/mnt/a%20b')],
    ['FILE://rel/a', local('rel/a')],
    ['btrfs:/mnt/pool', local('/mnt/pool')],
    ['btrfs:///mnt/pool', local('/mnt/pool')],
    ['host:snaps/dev*', ssh('host', 'snaps/dev*')],
    ['ana@host:/a', ssh('host', '/a', { user: 'ana' })],
    ['host:', ssh('host', '.')],
    ['host:a:b', ssh('host', 'a:b')],
    ['[::1]:/a', ssh('[::1]', '/a')],
    ['ana@[fe80::1]:a', ssh('[fe80::1]', 'a', { user: 'ana' })],
    ['ssh://host/a', ssh('host', '/a')],
    ['ssh://ana@host:2222/a b', ssh('host', '/a b', { user: 'ana', port: 2222 })],
    ['ssh://[::1]:22/', ssh('[::1]', '/', { port: 22 })],
    ['s3://bucket/dumps', { kind: 'storage', url: 's3://bucket/dumps' }],
  ])('reads %s', (text, location) => expect(parseLocation(text)).toEqual(location))

  test.each([
    ['', 'empty'],
    ['a\0b', 'NUL'],
    [':/a', 'the host of :/a is empty'],
    ['[]:/a', 'is empty'],
    ['@host:/a', 'the user of @host:/a is empty'],
    ['ssh:///a', 'the host of ssh:///a is empty'],
    ['ssh://@host/a', 'the user of'],
    ['ssh://host:/a', 'the port of ssh://host:/a is empty'],
    ['ssh://host:x/a', 'must be a number'],
    ['ssh://host:0/a', 'must be a number'],
    ['ssh://host:65536/a', 'must be a number'],
    ['ssh://host', 'has no path'],
    ['ssh://ana:secret@host/a', 'a password would show'],
    ['file://', 'has no path'],
    ['btrfs:', 'has no path'],
  ])('refuses %j', (text, message) => expect(() => parseLocation(text)).toThrow(message))
})
