import { readFileSync } from 'node:fs'
import { collect, joinPath, memory, toBytes, type MemoryStorage, type Path, type WritableStorage } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { attributesOf, entriesPath, readEntries, SnarfRepository, writeEntries, type EntryAttributes } from '../src/objects/index.ts'
import { WorkingCopy } from '../src/workdir/index.ts'

/** A file is a string, a directory an object. */
type Tree = string | { readonly [name: string]: Tree }
type Facts = Readonly<Record<string, string>>

interface Case {
  readonly title: string
  readonly name: string
  readonly local: Tree | null
  readonly original: Tree | null
  readonly remote: Tree | null
  readonly localEntry: Facts | null
  readonly remoteEntry: Facts | null
  readonly result: {
    readonly local: Readonly<Record<string, string | null>>
    readonly entries: Readonly<Record<string, Facts>>
    readonly reports: readonly string[]
  }
}

const cases = JSON.parse(readFileSync(new URL('fixtures/fsmerger.json', import.meta.url), 'utf8')) as readonly Case[]

type Write = (path: Path, content: string) => Promise<unknown>

/** Entries as the original's tests make them: a child has the flag and the path below those of its parent. */
async function writeTree(write: Write, directory: Path, name: string, tree: Tree | null, entry: Facts | null, original: Tree | null): Promise<void> {
  const path = joinPath(directory, name)
  if (entry !== null && Object.keys(entry).length > 0)
    await write(entriesPath(directory), writeEntries(new Map([[name, attributesOf(Object.entries(entry))]])))
  if (typeof original === 'string') await write(joinPath(directory, `@@Zope/Original/${name}`), original)
  if (typeof tree === 'string') await write(path, tree)
  if (tree === null || typeof tree === 'string') return
  if (Object.keys(tree).length === 0) await write(entriesPath(path), writeEntries(new Map()))
  for (const [child, inside] of Object.entries(tree)) {
    const originals = original !== null && typeof original !== 'string' ? (original[child] ?? null) : null
    await writeTree(write, path, child, inside, entry === null ? null : { ...entry, path: `${entry['path'] ?? ''}/${child}` }, originals)
  }
}

async function filesOf(storage: WritableStorage): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for await (const page of storage.list(''))
    for (const { kind, path } of Array.isArray(page) ? page : [page])
      if (kind === 'file') files[path] = Buffer.from(await collect(storage.read(path))).toString()
  return files
}

async function run({
  name,
  local,
  original,
  remote,
  localEntry,
  remoteEntry,
}: Case): Promise<{ storage: MemoryStorage; letters: string[]; entries: Record<string, EntryAttributes> }> {
  const storage = memory()
  const repository = new SnarfRepository()
  await writeTree((path, content) => storage.write(path, toBytes(content)), '', name, local, localEntry, original)
  await writeTree((path, content) => repository.write(path, new TextEncoder().encode(content)), '', name, remote, remoteEntry, null)
  const { items, failures } = await new WorkingCopy(storage).update(repository)
  expect(failures).toEqual([])
  const entries: Record<string, EntryAttributes> = {}
  for (const [path, content] of Object.entries(await filesOf(storage)))
    if (path.endsWith('@@Zope/Entries.xml') && !path.includes('Original'))
      for (const [child, entry] of readEntries(content))
        entries[joinPath(path.slice(0, Math.max(0, path.length - '/@@Zope/Entries.xml'.length)), child)] = entry
  return { storage, letters: items.map(item => `${item.letter} ${item.path}${item.kind === 'directory' ? '/' : ''}`), entries }
}

/** What we do otherwise, and why. */
const others: Readonly<Record<string, string>> = {
  rmtree_remote_localmod: 'a local change is not deleted with its directory',
  file_mod_vs_dir: 'the conflict is marked, so that status shows it',
  binary_conflict: 'the conflict is marked, so that status shows it',
  removed_local_remote_changed: 'the conflict is marked, so that status shows it',
  rmtree_local: 'what was in the directory is remembered',
  'spurious~': 'a name that other tools leave is reported as nothing',
}

describe('WorkingCopy.update', () => {
  test.each(cases.filter(({ title }) => others[title] === undefined))('$title: does what the original does', async fixture => {
    const { storage, letters, entries } = await run(fixture)
    const files = Object.fromEntries(Object.entries(await filesOf(storage)).filter(([path]) => !path.endsWith('Entries.xml')))
    expect(files).toEqual(
      Object.fromEntries(Object.entries(fixture.result.local).filter(([path, content]) => content !== null && !path.endsWith('Entries.xml'))),
    )
    const reports = fixture.result.reports.map(line => line.replace('%l', fixture.name)).filter(line => line !== '/ %L/')
    expect(letters).toEqual(reports)
    const expected = Object.entries(fixture.result.entries).filter(([path]) => path.startsWith('local/'))
    expect(Object.keys(entries).sort()).toEqual(expected.map(([path]) => path.slice('local/'.length)).sort())
    for (const [path, entry] of expected) expect({ ...entries[path.slice('local/'.length)] }).toEqual(entry)
  })

  test.each(cases.filter(({ title }) => others[title] !== undefined))('$title: keeps what the working copy has', async fixture => {
    const { storage } = await run(fixture)
    const files = await filesOf(storage)
    const expectFiles = (path: Path, tree: Tree | null): void => {
      if (typeof tree === 'string') expect(files[path]).toBe(tree)
      else for (const [name, inside] of Object.entries(tree ?? {})) expectFiles(joinPath(path, name), inside)
    }
    expectFiles(fixture.name, fixture.local)
  })

  test('a local change is not deleted with its directory, and the conflict is marked', async () => {
    const { letters, entries } = await run(cases.find(({ title }) => title === 'rmtree_remote_localmod') as Case)
    expect(letters).toEqual(['C foo/x', 'C foo/'])
    expect(entries['foo/x']?.['conflict']).toBe('unmerged')
    expect(entries['foo']?.['conflict']).toBe('unmerged')
  })
})
