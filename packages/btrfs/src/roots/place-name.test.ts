import { describe, expect, test } from 'vitest'
import { nameBelow, placeName } from './place-name.ts'

describe('placeName', () => {
  test.each([
    ['/mnt/a', '/mnt/a', '/mnt/a'],
    ['/mnt/a', '/mnt/a//', '/mnt/a'],
    ['nas:/mnt/a', '/mnt/a', 'nas:/mnt/a'],
    ['/home/me/a', 'a', '/home/me/a'],
    ['/mnt/a', '/link', '/link (/mnt/a)'],
    ['/', '/', '/'],
    ['/mnt/a', '/', '/ (/mnt/a)'],
  ])('calls %s, written as %s, %s', (name, written, said) => expect(placeName(name, written)).toBe(said))
})

describe('nameBelow', () => {
  test.each([
    ['nas:/mnt', '', 'nas:/mnt'],
    ['nas:/mnt', 'a/b', 'nas:/mnt/a/b'],
    ['/', 'a', '/a'],
    ['/mnt', 'caf\xc3\xa9', '/mnt/caf\u00e9'],
  ])('calls what is below %s at %j %s', (directory, path, name) => expect(nameBelow(directory, path)).toBe(name))
})
