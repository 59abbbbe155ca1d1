import { LockedError, memory, StorageError, storageErrorCodes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { InterruptError } from '../interrupt.ts'
import { UsageError } from '../usage-error.ts'
import { describeFailure } from './describe-failure.ts'

describe('describeFailure', () => {
  test('a mistake on the command line is 2', () =>
    expect(describeFailure(new UsageError('no', 'do this'))).toEqual({ exitCode: 2, code: 'USAGE', message: 'no', hint: 'do this' }))

  test.each(storageErrorCodes)('%s keeps its message and has an exit code', code => {
    const failure = describeFailure(new StorageError(code, `cannot read x: ${code}`))
    expect(failure).toMatchObject({ code, message: `cannot read x: ${code}` })
    expect([1, 2, 3, 6]).toContain(failure.exitCode)
  })

  test.each([
    ['NOT_FOUND', 6],
    ['NOT_A_DIRECTORY', 6],
    ['PERMISSION_DENIED', 6],
    ['UNAUTHENTICATED', 6],
    ['UNAVAILABLE', 6],
    ['NO_SPACE', 3],
    ['NOT_SUPPORTED', 2],
  ] as const)('%s is %i', (code, exitCode) => expect(describeFailure(new StorageError(code, 'x')).exitCode).toBe(exitCode))

  test('a lock names the process and is 7', () => {
    const owner = JSON.stringify({ host: 'nas', boot: 'b', pid: 4711, start: '1' })
    expect(describeFailure(new LockedError(memory().name, { owner, since: 0, expires: 60_000 }))).toEqual({
      exitCode: 7,
      code: 'LOCKED',
      message: 'another run has this pair: process 4711 on nas, since 1970-01-01 00:00:00Z',
      hint: 'Wait for it, or stop it. If that host is gone, its lock ends by itself at 1970-01-01 00:01:00Z.',
    })
  })

  test("a lock of another program's owner is shown as it is", () => {
    const failure = describeFailure(new LockedError('memory:', { owner: 'engine x1', since: 0, expires: 60_000 }))
    expect(failure).toMatchObject({ exitCode: 7, hint: undefined })
    expect(failure.message).toContain('engine x1')
  })

  test('an interrupt is 130 or 143', () =>
    expect([describeFailure(new InterruptError(130)), describeFailure(new InterruptError(143))].map(({ exitCode }) => exitCode)).toEqual([130, 143]))

  test.each([[new TypeError("Cannot read properties of undefined (reading 'x')")], ['thrown text'], [undefined]])(
    'anything else is 1 and asks for a report: %j',
    error => {
      expect(describeFailure(error)).toMatchObject({ exitCode: 1, hint: expect.stringContaining('SYNCLINE_DEBUG=1') })
    },
  )
})
