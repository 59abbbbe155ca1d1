import { describe, expect, test } from 'vitest'
import { toStorageError } from './errors.ts'

const attempted = { what: 'look at', path: 'a', name: 's3://bucket', bucket: 'bucket' }
const refused = (status: number, body = ''): { code: string; retryable: boolean; message: string } =>
  toStorageError({ status, headers: {}, body }, attempted)

describe('a refusal', () => {
  test('of a HEAD with expired credentials has no words, and is told as what it most often is', () => {
    expect(refused(400)).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false, message: expect.stringContaining('expired') as unknown })
  })

  test('with a code is told by its code, whatever the status', () => {
    expect(refused(400, '<Error><Code>EntityTooLarge</Code></Error>')).toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(refused(400, '<Error><Code>Strange</Code><Message>odd</Message></Error>')).toMatchObject({ code: 'UNKNOWN' })
  })
})
