import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Replies } from './replies.ts'
import { LostConnection, type Reply } from './reply.ts'

const read = (...chunks: readonly string[]): readonly Reply[] => {
  const replies = new Replies()
  return chunks.flatMap(chunk => replies.read(chunk))
}

describe('Replies', () => {
  test.each<[string, readonly Reply[]]>([
    ['250 in\r\n', [{ code: 250, text: 'in' }]],
    ['200\r\n', [{ code: 200, text: '' }]],
    ['226 done\n229 port (|||7|)\n', ['226 done', '229 port (|||7|)'].map(line => ({ code: Number(line.slice(0, 3)), text: line.slice(4) }))],
    ['211-Features:\r\n MDTM\r\n SIZE\r\n211 End\r\n', [{ code: 211, text: 'Features:\n MDTM\n SIZE\n211 End' }]],
    [
      '250-Begin\r\n250-type=file; x\r\n\r\n226 no end of it\r\n250 End\r\n',
      [{ code: 250, text: 'Begin\n250-type=file; x\n226 no end of it\n250 End' }],
    ],
    ['550 no\r\n', [{ code: 550, text: 'no' }]],
    ['nonsense\r\n\r\n12\r\n250x\r\n220 hello\r\n', [{ code: 220, text: 'hello' }]],
  ])('reads %j', (text, expected) => expect(read(text)).toEqual(expected))

  test('reads the same wherever the text is cut', () => {
    const text = '220-hello\r\n220 you\r\n229 Entering (|||25446|)\r\n211-Features:\r\n SIZE\r\n211 End\r\n550 caf\u00e9\r\n'
    const whole = read(text)
    expect(whole).toHaveLength(4)
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), cuts => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length]
        expect(read(...at.slice(1).map((end, i) => text.slice(at[i], end)))).toEqual(whole)
      }),
    )
  })

  test.each(['x'.repeat(70_000), `213-${'x'.repeat(70_000)}\r\n`, '211-list\r\n' + ' SIZE\r\n'.repeat(20_000)])('refuses a reply without end', text =>
    expect(() => read(text)).toThrow(LostConnection),
  )
})
