import { describe, expect, test } from 'vitest'
import type { Place } from '../environment.ts'
import { UsageError } from '../usage-error.ts'
import { checkApart, isWithin, pathWithin } from './places.ts'

const local = (realPath: string, location = realPath): Place => ({ location, realPath })
const remote = (location: string): Place => ({ location })

describe('checkApart', () => {
  test.each([
    ['the same path', local('/a/b'), local('/a/b')],
    ['the same path behind a link', local('/a/b'), local('/a/b', '/link')],
    ['a path and its root', local('/'), local('/a')],
    ['one in the other', local('/a'), local('/a/b')],
    ['one around the other', local('/a/b/c'), local('/a')],
    ['Windows paths', local('C:\\a'), local('C:\\a\\b')],
    ['the same URL', remote('s3://bucket/p'), remote('s3://bucket/p/')],
    ['a prefix of a URL', remote('s3://bucket/p'), remote('s3://bucket/p/q')],
    ['a URL with another query', remote('s3://bucket/p?region=a'), remote('s3://bucket/p?region=b')],
  ])('refuses %s', (_name, source, destination) => {
    expect(() => checkApart(source, destination)).toThrow(UsageError)
    expect(() => checkApart(destination, source)).toThrow(UsageError)
  })

  test.each([
    ['neighbours', local('/a/b'), local('/a/c')],
    ['a name that begins like the other', local('/a/b'), local('/a/bc')],
    ['a path and a URL', local('/a'), remote('s3://a')],
    ['two buckets', remote('s3://a'), remote('s3://ab')],
  ])('accepts %s', (_name, source, destination) => expect(() => checkApart(source, destination)).not.toThrow())
})

describe('isWithin', () => {
  test('holds for the place itself and for what lies in it', () => {
    expect(isWithin(local('/a'), local('/a'))).toBe(true)
    expect(isWithin(local('/a/b'), local('/a'))).toBe(true)
    expect(isWithin(local('/a'), local('/a/b'))).toBe(false)
  })
})

describe('pathWithin', () => {
  test('is the rest of the path', () => {
    expect(pathWithin(local('/home/ana/.local/state/x'), local('/home/ana'))).toBe('.local/state/x/')
    expect(pathWithin(local('/a'), local('/a'))).toBeUndefined()
  })
})
