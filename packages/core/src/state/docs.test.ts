import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Ancestor, StateChange } from '../ancestor.ts'
import { collectText, toBytes } from '../bytes.ts'
import { memory } from '../storages/memory.ts'
import type { SyncMetadata } from './metadata.ts'
import { SyncStateManager } from './state-manager.ts'

const text = readFileSync(new URL('../../../../docs/state.md', import.meta.url), 'utf8')
const names = ['source_tree.json', 'sync_metadata.json', 'journal/000001.jsonl'] as const

/** The block of code after a comment with the file's name. */
function example(name: string): string {
  const match = new RegExp(`<!-- ${name} -->\n\`\`\`json\n([^]*?)\`\`\``).exec(text)
  if (match?.[1] === undefined) throw new Error(`docs/state.md shows no ${name}`)
  return match[1]
}

const mode = 0o644
const readme: Ancestor = {
  path: 'docs/readme.md',
  kind: 'file',
  size: 1024,
  modified: 1609459200123.456,
  mode,
  id: '2097',
  hash: `sha256:${'9f'.repeat(32)}`,
}
const docs: Ancestor = { path: 'docs', kind: 'directory', size: 0, modified: 1609459200000, mode: 0o755 }
const link: Ancestor = { path: 'latest', kind: 'symlink', size: 0, target: 'docs/readme.md' }
const draft: Ancestor = { path: 'draft.txt', kind: 'file', size: 12, modified: 1609459201500, mode }
const { id: _, ...copied } = readme
const onServer = { docs: { ...docs, modified: 1609459207000 }, readme: { ...copied, etag: '"5f3a"' } }

const changes: readonly StateChange[] = [
  { path: 'docs', source: docs, destination: onServer.docs },
  { path: 'docs/readme.md', source: readme, destination: onServer.readme },
  { path: 'latest', source: link, destination: link },
]
const metadata: SyncMetadata = {
  source: '/home/ada/notes',
  destination: 'sftp://nas/notes',
  mode: 'two-way',
  filter: '5d41402a',
  ignoreFiles: ['.syncignore'],
  hash: 'sha256',
  lastRun: {
    start: 1609459205000,
    end: 1609459207250,
    exitCode: 0,
    stats: {
      uploads: 2,
      downloads: 0,
      deletesSource: 0,
      deletesDestination: 0,
      renamesSource: 0,
      renamesDestination: 0,
      skips: 0,
      conflicts: 0,
      errors: 0,
      bytes: 1024,
      durationMs: 2250,
    },
  },
  conflicts: [],
}
const later: readonly StateChange[] = [
  { path: 'draft.txt', source: draft, destination: draft },
  { path: 'latest', source: undefined, destination: undefined },
]

describe('docs/state.md', () => {
  test('shows the files as they are written', async () => {
    const storage = memory()
    const manager = new SyncStateManager(storage)
    await manager.open('0f3c9a1b7d52e846')
    await manager.commit(metadata, { changes })
    await manager.record(later, { asOf: 1609459300000 })
    for (const name of names) expect(example(name), name).toBe(await collectText(storage.read(name)))
  })

  test('shows files that open as a state', async () => {
    const storage = memory()
    const manager = new SyncStateManager(storage)
    await manager.open('0f3c9a1b7d52e846')
    await manager.commit(metadata, { changes })
    for (const name of names) await storage.write(name, toBytes(example(name)))
    const state = await new SyncStateManager(storage).open('0f3c9a1b7d52e846')
    expect(state).toMatchObject({ problem: undefined, metadata })
    const entries: Ancestor[] = []
    for await (const page of state.source()) entries.push(...page)
    expect(entries).toEqual([docs, readme, draft].sort((a, b) => (a.path + (a.kind === 'directory' ? '/' : '') < b.path ? -1 : 1)))
    const tree = JSON.parse(example('source_tree.json')) as Record<string, { readonly mtime?: number }>
    expect(tree['docs/readme.md']?.mtime).toBe(1609459200.123456)
  })
})
