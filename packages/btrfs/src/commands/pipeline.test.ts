import { gunzipSync } from 'node:zlib'
import { collect, StorageError, toBytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { parsePipeline, throughPipeline } from './pipeline.ts'

describe('parsePipeline', () => {
  test.each<[string, string[][]]>([
    ['zstd', [['zstd']]],
    [
      ' zstd -3  | gpg -e ',
      [
        ['zstd', '-3'],
        ['gpg', '-e'],
      ],
    ],
    [`gpg -r 'Ana B' "x | y" a\\ b`, [['gpg', '-r', 'Ana B', 'x | y', 'a b']]],
    ['a\\|b|c', [['a|b'], ['c']]],
    [`a '' "\\"" "\\n" '\\'`, [['a', '', '"', '\\n', '\\']]],
    [`a$HOME;b`, [['a$HOME;b']]],
  ])('reads %j', (text, commands) => expect(parsePipeline(text)).toEqual(commands))

  test.each(['', ' ', 'a | | b', '| a', 'a |', `a 'b`, 'a "b', 'a \\', `'' b`])('refuses %j', text =>
    expect(() => parsePipeline(text)).toThrow(TypeError),
  )
})

describe('throughPipeline', () => {
  const through = (input: AsyncIterable<Uint8Array>, text: string): Promise<Uint8Array> => collect(throughPipeline(input, parsePipeline(text)))
  const big = new Uint8Array(3_000_000).fill(7)

  test('gives out what the last program makes of it', async () => {
    expect(gunzipSync(await through(toBytes(big), 'cat | gzip -1 | cat'))).toEqual(Buffer.from(big))
    expect(await through(toBytes(''), 'cat')).toEqual(new Uint8Array())
  })

  test.each(['false', 'cat | false', 'false | cat', 'cat | sh -c "cat; exit 3" | cat', 'no-such-program-here'])(
    'fails if a program does: %s',
    async text => {
      await expect(through(toBytes(big), text)).rejects.toThrow(/^the pipeline failed/)
    },
  )

  test.each(['head -c 10', 'head -c 10 | cat', 'true'])('fails if not everything is read, although nothing says so: %s', async text => {
    await expect(through(toBytes(big), text)).rejects.toThrow('ended well without having read everything')
  })

  test('fails with what the input fails with', async () => {
    const error = new StorageError('CORRUPT', 'the stream is damaged')
    async function* damaged(): AsyncGenerator<Uint8Array, void, undefined> {
      yield big
      throw error
    }
    await expect(through(damaged(), 'cat | gzip')).rejects.toBe(error)
  })

  test('ends the programs and the input when it is left', async () => {
    let isEnded = false
    async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        for (;;) yield big
      } finally {
        isEnded = true
      }
    }
    for await (const _chunk of throughPipeline(endless(), parsePipeline('cat | cat'))) break
    await expect.poll(() => isEnded).toBe(true)
  })
})
