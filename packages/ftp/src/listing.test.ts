import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkName, linesOf, nameProblem, parseFacts, parseLine } from './listing.ts'

const now = Date.UTC(2026, 10, 21, 14, 24)

async function* chunksOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function linesIn(chunks: AsyncIterable<Uint8Array>, maxBytes = 1e6): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const some of linesOf(chunks, 'd', maxBytes)) lines.push(...some)
  return lines
}

describe('parseFacts', () => {
  test('reads a file with its time, mode and identity', () => {
    expect(parseFacts('type=file;size=6;modify=20261121142443;UNIX.mode=0644;unique=fe00g26c6dc; a b;c=d', '')).toEqual({
      name: 'a b;c=d',
      kind: 'file',
      size: 6,
      modified: Date.UTC(2026, 10, 21, 14, 24, 43),
      mode: 0o644,
      id: 'fe00g26c6dc',
      target: undefined,
    })
  })

  test.each([
    ['type=dir; d', 'directory'],
    ['Type=OS.unix=slink:target; l', 'symlink'],
    ['type=OS.unix=symlink; l', 'symlink'],
    ['type=unknown;size=0; p', 'other'],
  ])('takes %j for a %s', (line, kind) => expect(parseFacts(line, '')?.kind).toBe(kind))

  test('leaves out the directory itself and its parent', () => {
    expect(parseFacts('type=cdir; .', '')).toBeUndefined()
    expect(parseFacts('type=pdir; ..', '')).toBeUndefined()
  })

  test.each(['', 'nonsense', 'size=6; x', 'type=file;size=-1; x', 'type=file;size=1e99; x', 'type=file;size=many; x'])('refuses %j', line =>
    expect(() => parseFacts(line, 'd')).toThrow(expect.objectContaining({ code: 'CORRUPT', path: 'd' })),
  )
})

describe('parseLine', () => {
  test.each([
    ['-rw-r--r--    1 999      995             6 Nov 21 14:24 a b.txt', { name: 'a b.txt', kind: 'file', size: 6, mode: 0o644 }],
    ['-rw-------    1 994      0               3 Sep 09  2001  leading', { name: ' leading', kind: 'file', size: 3, mode: 0o600 }],
    ['drwxr-xr-x    2 999      995          4096 Nov 21 14:24 sub', { name: 'sub', kind: 'directory' }],
    ['lrwxrwxrwx    1 999      995             7 Nov 21 14:24 link -> a b.txt', { name: 'link', kind: 'symlink', target: 'a b.txt' }],
    ['prw-r--r--    1 999      995             0 Nov 21 14:24 fifo', { name: 'fifo', kind: 'other' }],
    ['srw-r--r--    1 999      995             0 Nov 21 14:24 socket', { name: 'socket', kind: 'other' }],
    ['brw-r--r--    1 0        0          8,   1 Nov 21 14:24 disk', { name: 'disk', kind: 'other' }],
    ['11-21-26  02:24PM                   12 report.doc', { name: 'report.doc', kind: 'file', size: 12 }],
    ['12-05-96  05:03PM       <DIR>          myDir', { name: 'myDir', kind: 'directory' }],
  ])('reads %j', (line, expected) => expect(parseLine(line, '', now)).toMatchObject(expected))

  test.each(['total 12', 'drwxr-xr-x    2 999      995          4096 Nov 21 14:24 .', 'drwxr-xr-x    3 999      995          4096 Nov 21 14:24 ..'])(
    'leaves out %j',
    line => expect(parseLine(line, '', now)).toBeUndefined(),
  )

  test.each(['total eclipse', 'ftpd: d: Permission denied', 'a name only', '-rw-r--r-- 1 x y 99999999999999999999 Nov 21 14:24 big'])(
    'refuses %j',
    line => expect(() => parseLine(line, 'd', now)).toThrow(expect.objectContaining({ code: 'CORRUPT', path: 'd' })),
  )

  test('takes a name as it is, whatever it looks like', () => {
    const start = '-rw-r--r--    1 ana      users           6 Nov 21 14:24 '
    for (const name of ['5 Nov 20 13:00 x', 'a\u2028b', 'a\rb', ' -> ', 'total 12', '..x'])
      expect(parseLine(`${start}${name}`, '', now)).toMatchObject({ name, size: 6, kind: 'file' })
  })

  test('reads the usual lines as basic-ftp does', () => {
    const bits = fc.tuple(...[0, 1, 2].flatMap(() => [fc.constantFrom('r', '-'), fc.constantFrom('w', '-'), fc.constantFrom(...'xsStT-')]))
    const line = fc.record({
      start: fc.tuple(fc.constantFrom('-', 'd', 'l'), bits).map(([type, all]) => type + all.join('')),
      size: fc.nat({ max: 2 ** 40 }),
      date: fc.tuple(
        fc.constantFrom('Jan', 'Feb', 'Nov', 'Dec'),
        fc.integer({ min: 1, max: 28 }),
        fc.constantFrom('00:00', '23:59', ' 2025', ' 1999'),
      ),
      name: fc.stringMatching(/^[a-z .]{0,8}[a-z](?: -> [a-z]{1,8})?$/),
    })
    fc.assert(
      fc.property(line, ({ start, size, date: [month, day, clock], name }) => {
        const text = (owner: string): string =>
          `${start}    1 ${owner}      users    ${size} ${month} ${String(day).padStart(2, '0')} ${clock} ${name}`
        // An owner of two words is not of the usual lines.
        expect(parseLine(text('ana'), '', now)).toEqual(parseLine(text('ana maria'), '', now))
      }),
    )
  })

  test('either understands a line or refuses it, and takes no time over a long one', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.constantFrom('', '-rw-r--r-- 1 a b 1 ', '=', ' '), (text, start) => {
        try {
          const item = parseLine(start.repeat(50) + text, 'd', now)
          expect(item === undefined || item.name.length > 0).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT' })
        }
      }),
    ))
})

describe('linesOf', () => {
  test('joins lines and characters that were cut anywhere', async () => {
    const text = Buffer.from('grüße\r\n日本語\nlast')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: text.length })), async cuts => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, i) => text.subarray(at[i], end))
        expect(
          await linesIn(
            (async function* () {
              yield* pieces
            })(),
          ),
        ).toEqual(['grüße', '日本語', 'last'])
      }),
    )
  })

  test('gives up a listing without end', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.from('-rw-r--r-- 1 a b 1 Nov 21 14:24 x\r\n')
    }
    await expect(linesIn(endless(), 10_000)).rejects.toMatchObject({ code: 'CORRUPT', path: 'd' })
  })

  test('gives up a line without end', async () => {
    await expect(linesIn(chunksOf('x'.repeat(100_000)))).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})

describe('names of a hostile server', () => {
  test.each(['', '.', '..', '../../etc/passwd', 'a/b', '/etc/passwd', 'nul\0'])('%j refuses the listing', name =>
    expect(() => checkName(name, 'd')).toThrow(expect.objectContaining({ code: 'CORRUPT', path: 'd' })),
  )

  test.each(['bad \ufffd', 'line\nbreak', 'carriage\rreturn'])('%j is a problem in its place', name =>
    expect(nameProblem('d', name)).toMatchObject({ kind: 'problem', path: `d/${name}` }),
  )
})
