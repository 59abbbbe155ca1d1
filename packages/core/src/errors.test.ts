import { describe, expect, test } from 'vitest'
import { isStorageError, messageOf, StorageError, storageErrorCodes } from './errors.ts'

describe('StorageError', () => {
  test('carries code, path and cause', () => {
    const cause = new Error('ENOENT')
    const error = new StorageError('NOT_FOUND', 'a does not exist', { path: 'a', cause })
    expect(error).toMatchObject({ name: 'StorageError', code: 'NOT_FOUND', path: 'a', message: 'a does not exist', retryAfterMs: undefined })
    expect(error.cause).toBe(cause)
    expect(error).toBeInstanceOf(Error)
    expect('cause' in new StorageError('NOT_FOUND', 'x')).toBe(false)
  })

  test('is retryable by its code, unless it says otherwise', () => {
    expect(storageErrorCodes.filter(code => new StorageError(code, 'x').retryable)).toEqual(['RATE_LIMITED', 'TIMEOUT', 'UNAVAILABLE'])
    expect(new StorageError('UNKNOWN', 'x', { retryable: true }).retryable).toBe(true)
    expect(new StorageError('TIMEOUT', 'x', { retryable: false }).retryable).toBe(false)
  })
})

describe('isStorageError', () => {
  test('knows the errors of another copy of the package', () => {
    const foreign = Object.assign(new Error('x'), { name: 'StorageError', code: 'NOT_FOUND' })
    expect(isStorageError(foreign)).toBe(true)
    expect(isStorageError(foreign, 'NOT_FOUND')).toBe(true)
    expect(isStorageError(foreign, 'TIMEOUT')).toBe(false)
  })

  test.each([undefined, null, 'StorageError', 7, new Error('x'), { code: 'NOT_FOUND' }, { name: 'StorageError', code: 'ENOENT' }])(
    'is false for %j',
    value => {
      expect(isStorageError(value)).toBe(false)
    },
  )
})

describe('messageOf', () => {
  test.each([
    [new Error('broken'), 'broken'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('of %s is %j', (value, expected) => expect(messageOf(value)).toBe(expected))
})
