import { describe, expect, test } from 'vitest'
import { portOf } from './connection.ts'
import { meaningOf } from './errors.ts'
import { ReplyError } from './reply.ts'

describe('portOf', () => {
  test.each([
    [229, 'Entering Extended Passive Mode (|||25446|)', 25446],
    [229, 'Entering Extended Passive Mode (!!!25446!)', 25446],
    [227, 'Entering Passive Mode (10,0,0,1,99,102)', 25446],
    [227, '=10,0,0,1,99,102', 25446],
  ])('reads %i %s', (code, text, port) => expect(portOf({ code, text })).toBe(port))

  test.each([
    [229, 'OK'],
    [229, '(|||0|)'],
    [229, '(|||99999|)'],
    [227, 'Entering Passive Mode (1,2,3)'],
    [227, '(10,0,0,1,999,1)'],
  ])('refuses %i %s', (code, text) => expect(() => portOf({ code, text })).toThrow('no port'))
})

describe('meaningOf', () => {
  test.each([
    [550, 'No such file or directory', 'NOT_FOUND'],
    [550, 'Permission denied', 'PERMISSION_DENIED'],
    [550, 'Failed to open file.', 'PERMISSION_DENIED'],
    [553, 'Prohibited file name', 'PERMISSION_DENIED'],
    [452, 'Insufficient storage', 'NO_SPACE'],
    [552, 'Disk quota exceeded', 'NO_SPACE'],
    [451, 'No space left on device', 'NO_SPACE'],
    [421, 'Too many connections from this address', 'RATE_LIMITED'],
    [421, 'Timeout.', 'UNAVAILABLE'],
    [530, 'Login incorrect.', 'UNAUTHENTICATED'],
    [530, 'Sorry, the maximum number of clients is reached', 'RATE_LIMITED'],
    [500, 'OOPS: vsf_sysutil_bind', 'UNAVAILABLE'],
    [500, 'Unknown command.', 'NOT_SUPPORTED'],
    [425, 'Cannot open data connection', 'UNAVAILABLE'],
    [499, 'whatever', 'UNAVAILABLE'],
    [599, 'whatever', 'UNKNOWN'],
  ])('takes %i %s for %s', (code, text, meaning) => expect(meaningOf({ code, text }).code).toBe(meaning))
})

test('a reply error names the command without its argument', () => {
  const error = new ReplyError('PASS secret', { code: 530, text: 'Login\r\nincorrect' })
  expect(error.message).toBe('PASS was answered with 530 Login incorrect')
})
