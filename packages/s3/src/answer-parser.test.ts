import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerParser, type AnswerHeaders } from './answer-parser.ts'

interface Read {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly body: string
  readonly isComplete: boolean
  readonly keepsAlive: boolean
}

/** What the parser makes of bytes that come in these chunks, before the other side ends. */
function parse(chunks: readonly Uint8Array[], method = 'GET'): Read {
  const parser = new AnswerParser()
  let [status, headers, isComplete]: [number, AnswerHeaders, boolean] = [0, {}, false]
  const body: Buffer[] = []
  parser.expect(method, {
    begin: (code, all) => ([status, headers] = [code, { ...all }]),
    chunk: bytes => void body.push(Buffer.from(bytes)),
    end: () => (isComplete = true),
  })
  for (const chunk of chunks) parser.push(Buffer.from(chunk))
  if (!isComplete) parser.finish()
  return { status, headers, body: Buffer.concat(body).toString('latin1'), isComplete, keepsAlive: parser.keepsAlive }
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const read = (text: string, method?: string): Read => parse([bytes(text)], method)

describe('AnswerParser', () => {
  test('reads a body of a given length', () => {
    expect(read('HTTP/1.1 200 OK\r\nETag: "abc"\r\nContent-Length: 5\r\n\r\nhello')).toEqual({
      status: 200,
      headers: { etag: '"abc"', 'content-length': '5' },
      body: 'hello',
      isComplete: true,
      keepsAlive: true,
    })
  })

  test('reads a body in chunks, with extensions and trailers', () => {
    const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n, you all!\r\n0\r\nx-sum: 1\r\n\r\n'
    expect(read(text)).toMatchObject({ body: 'hello, you all!', isComplete: true, keepsAlive: true })
  })

  test('reads a body without a length to the end of the connection, which is of no more use', () => {
    expect(read('HTTP/1.1 200 OK\r\n\r\nhello')).toMatchObject({ body: 'hello', isComplete: true, keepsAlive: false })
  })

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['DELETE', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
    ['PUT', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('an answer to %s may have no body: %j', (method, text) => {
    expect(read(text, method)).toMatchObject({ body: '', isComplete: true, keepsAlive: true })
  })

  test('passes over 100 Continue', () => {
    expect(read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok')).toMatchObject({
      status: 200,
      body: 'ok',
      isComplete: true,
    })
  })

  test.each([
    ['HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n', true],
    // More than was asked for.
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n', false],
  ])('tells whether the connection can be used again: %j', (text, keepsAlive) => {
    expect(read(text)).toMatchObject({ isComplete: true, keepsAlive })
  })

  test('joins the values of a header, and takes the first of what can be there once', () => {
    const { headers } = read(
      'HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:\t2 \r\nX-B: \xa0\r\nETag: "a"\r\nETag: "b"\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
    )
    expect(headers).toEqual({ 'x-a': '1, 2', 'x-b': '\xa0', etag: '"a"', 'content-length': '0' })
  })

  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['another protocol to go on in', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nnothing\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello'],
    ['a header in two lines', 'HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\n\r\n'],
    ['a lone line feed in a header', 'HTTP/1.1 200 OK\r\nx-a: 1\nContent-Length: 5\r\n\r\nhello'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a coding nobody asked for', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['chunks before version 1.1', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a chunk whose size is no number', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n'],
    ['a tab behind the coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n'],
    ['a chunk size with spaces', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n'],
    ['a chunk that is longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n'],
    ['a trailer that is no header', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nnothing\r\n\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(70_000)}`],
    ['a chunk size without an end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(5_000)}`],
  ])('refuses %s', (_name, text) => {
    expect(() => read(text)).toThrow(/^the answer is not HTTP as it should be: /)
  })

  test('an answer that is cut is not complete, wherever it is cut', () => {
    for (const text of [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-a: 1\r\n\r\n',
    ])
      for (let end = 0; end < text.length; end++) expect(read(text.slice(0, end))).toMatchObject({ isComplete: false })
  })

  test('reads the same however the bytes are cut', () => {
    const name = fc.stringMatching(/^x-[a-z]{1,8}$/)
    const value = fc.stringMatching(/^([\x21-\x7e]([\x20-\x7e]{0,20}[\x21-\x7e])?)?$/)
    const content = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 })
    const answer = fc.record({
      status: fc.integer({ min: 200, max: 599 }).filter(status => status !== 204 && status !== 304),
      headers: fc.uniqueArray(fc.tuple(name, value), { selector: ([one]) => one, maxLength: 5 }),
      content,
      framing: fc.constantFrom('length', 'chunked', 'close'),
      interim: fc.boolean(),
    })
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 })
    fc.assert(
      fc.property(answer, cuts, ({ status, headers, content: parts, framing, interim }, sizes) => {
        const body = Buffer.concat(parts)
        const frame = framing === 'length' ? `content-length: ${body.length}\r\n` : framing === 'chunked' ? 'transfer-encoding: chunked\r\n' : ''
        const head = `${interim ? 'HTTP/1.1 100 \r\n\r\n' : ''}HTTP/1.1 ${status} x\r\n${headers.map(([key, text]) => `${key}: ${text}\r\n`).join('')}${frame}\r\n`
        const sent =
          framing === 'chunked'
            ? parts.map(part => `${part.length.toString(16)}\r\n${Buffer.from(part).toString('latin1')}\r\n`).join('') + '0\r\n\r\n'
            : body.toString('latin1')
        const whole = bytes(head + sent)
        const pieces: Buffer[] = []
        let at = 0
        for (const size of sizes) pieces.push(whole.subarray(at, (at += size)))
        pieces.push(whole.subarray(at))
        const found = parse(pieces)
        expect(found).toMatchObject({ status, body: body.toString('latin1'), isComplete: true, keepsAlive: framing !== 'close' })
        expect(found.headers).toMatchObject(Object.fromEntries(headers))
      }),
    )
  })
})
