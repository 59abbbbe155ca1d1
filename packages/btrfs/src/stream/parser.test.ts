import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { StreamParser, type StreamItem } from './parser.ts'

const fixtures = join(import.meta.dirname, '../../test/fixtures')
const fixture = (name: string): Buffer => readFileSync(join(fixtures, name))

function parse(bytes: Uint8Array, chunkSize = bytes.length): StreamItem[] {
  const parser = new StreamParser()
  const items: StreamItem[] = []
  for (let at = 0; at < bytes.length; at += chunkSize) {
    // What a test keeps must not change when a chunk is used again.
    for (const item of parser.push(bytes.subarray(at, at + chunkSize))) items.push(structuredClone(item))
  }
  parser.finish()
  return items
}

const names = (items: readonly StreamItem[]): string[] => items.map(item => (item.kind === 'header' ? 'header' : item.command.name))

describe('StreamParser', () => {
  for (const file of readdirSync(fixtures).filter(name => name.endsWith('.btrfs'))) {
    test(`reads ${file} as btrfs does, however it is cut`, () => {
      const bytes = fixture(file)
      const whole = parse(bytes)
      const dumped = fixture(file.replace('.btrfs', '.dump.txt')).toString('latin1').split('\n').filter(line => line !== '').map(line => line.split(' ', 1)[0]) // prettier-ignore
      const spoken: Record<string, string> = {
        setXattr: 'set_xattr',
        updateExtent: 'update_extent',
        encodedWrite: 'encoded_write',
        removeXattr: 'remove_xattr',
      }
      const first = names(whole).slice(1, names(whole).indexOf('end'))
      expect(first.map(name => spoken[name] ?? name)).toEqual(dumped)
      for (const size of [1, 7, 1000]) expect(parse(bytes, size)).toEqual(whole)
      expect(Buffer.concat(whole.map(item => item.bytes)).equals(bytes)).toBe(true)
    })
  }

  test('knows what the attributes mean', () => {
    const commands = parse(fixture('full-v1.btrfs')).flatMap(item => (item.kind === 'command' ? [item.command] : []))
    expect(commands[0]).toEqual({ name: 'subvol', path: 's1', uuid: '8aeb5ca3-45d6-5744-b680-2657d0877460', transid: 7 })
    expect(commands.find(({ name }) => name === 'utimes')).toMatchObject({
      path: 'hello.txt',
      atime: { seconds: 1600000000 },
      mtime: { seconds: 1500000000, nanoseconds: 987654321 },
    })
    expect(commands.find(({ name }) => name === 'setXattr')).toMatchObject({ path: 'hello.txt', xattrName: 'user.tag' })
    expect(commands.filter(command => command.name === 'rename' && command.to === 'sp ace\nnl\xc3\xa9')).toHaveLength(1)
  })

  test('notices every cut', () => {
    const bytes = fixture('full-v1.btrfs')
    for (let length = 0; length < bytes.length; length += length < 300 ? 1 : 97)
      expect(() => parse(bytes.subarray(0, length))).toThrow(/cut off|there is nothing/)
  })

  test('notices every changed byte', () => {
    const bytes = fixture('incr-v1.btrfs')
    for (let at = 0; at < bytes.length; at += at < 500 ? 1 : 31) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] as number) ^ 0x10
      expect(() => parse(changed), `byte ${at}`).toThrow(/damaged or not safe at byte/)
    }
  })

  test('refuses what follows the end and is no stream', () => {
    expect(() => parse(Buffer.concat([fixture('blank-v1.btrfs'), Buffer.from('some garbage, long enough')]))).toThrow(
      'what follows the end is no send stream',
    )
  })

  test('refuses a command that claims to be huge before it takes its bytes', () => {
    const bytes = Buffer.concat([fixture('blank-v1.btrfs').subarray(0, 17), Buffer.from([255, 255, 255, 127, 1, 0, 0, 0, 0, 0])])
    expect(() => parse(bytes)).toThrow('a command says that it has 2147483647 bytes')
  })
})
