import { describe, expect, test } from 'vitest'
import { Metadata } from './metadata.ts'

function files(given: Readonly<Record<string, string>>): { content: Map<string, string>; reads: string[]; metadata: Metadata } {
  const content = new Map(Object.entries(given))
  const reads: string[] = []
  const metadata = new Metadata({
    read: path => {
      reads.push(path)
      const text = content.get(path)
      return Promise.resolve(text === undefined ? undefined : new TextEncoder().encode(text))
    },
    write: (path, bytes) => {
      if (path.startsWith('closed')) return Promise.reject(new Error(`${path} is closed`))
      content.set(path, new TextDecoder().decode(bytes))
      return Promise.resolve()
    },
  })
  return { content, reads, metadata }
}

const one = `<entries><entry name="b" type="x"/><entry name="a" type="y"/></entries>`

describe('Metadata', () => {
  test('reads each directory once, when it is asked for', async () => {
    const { reads, metadata } = files({ 'd/@@Zope/Entries.xml': one })
    expect(await metadata.names('d')).toEqual(['a', 'b'])
    expect(await metadata.get('d/a')).toEqual({ type: 'y' })
    expect(await metadata.get('d/c')).toEqual({})
    expect(reads).toEqual(['d/@@Zope/Entries.xml'])
  })

  test('a directory without metadata has no entries', async () => {
    const { metadata } = files({})
    expect(await metadata.names('')).toEqual([])
  })

  test('flush writes the directories that were changed and no others', async () => {
    const { content, metadata } = files({ 'd/@@Zope/Entries.xml': one, 'e/@@Zope/Entries.xml': one })
    await metadata.names('e')
    await metadata.set('d/a', undefined)
    await metadata.set('d/c', { type: 'z' })
    await metadata.set('d/unknown', undefined)
    await metadata.set('top', { type: 't' })
    await metadata.flush()
    expect(content.get('e/@@Zope/Entries.xml')).toBe(one)
    const again = files(Object.fromEntries(content)).metadata
    expect(await again.names('d')).toEqual(['b', 'c'])
    expect(await again.get('top')).toEqual({ type: 't' })
  })

  test('the last entry that goes leaves an empty file', async () => {
    const { content, metadata } = files({ '@@Zope/Entries.xml': '<entries><entry name="a" type="x"/></entries>' })
    await metadata.set('a', {})
    await metadata.flush()
    expect(content.get('@@Zope/Entries.xml')).toContain('<entries>\n</entries>')
  })

  test('one failed directory does not keep the others from being written', async () => {
    const { content, metadata } = files({})
    for (const path of ['closed1/a', 'closed2/a', 'open/a']) await metadata.set(path, { type: 'x' })
    const error: unknown = await metadata.flush().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors).toHaveLength(2)
    expect([...content.keys()]).toEqual(['open/@@Zope/Entries.xml'])
  })

  test('what was read is not changed by who asked for it', async () => {
    const { metadata } = files({})
    const attributes = { type: 'x' }
    await metadata.set('a', attributes)
    attributes.type = 'y'
    expect(await metadata.get('a')).toEqual({ type: 'x' })
  })
})
