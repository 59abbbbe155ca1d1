import {
  type ConflictChoice,
  type ConflictResolution,
  InitialSync,
  type Path,
  type Side,
  type SyncMode,
  type SyncOptions,
  type SyncResult,
} from '@syncline/core'
import { afterAll, describe, expect, test } from 'vitest'
import { change, contentOf, directory, type DirectoryNode, entriesOf, file, flatten, link, type Node, wordOf, World } from './kit.ts'

// Small scope: mistakes of a three-way decision need few paths to show. One name with one name in it, every state of it on every side, is run
// completely: 11 trees, 1331 triples, under every mode and policy. Two names with two names in each are 1681 trees and 4.7 thousand million
// triples; of those a sample is drawn with a seed. `a` and `a-b` are chosen because a directory `a/` comes after the file `a-b` in key order.

const day = 86_400_000
const contents: readonly Node[] = ['A', 'B', 'C'].map((text, i) => file(text, 1_700_000_000_000 + i * day))
const leaves: readonly Node[] = [...contents, link('elsewhere')]

interface Setting {
  readonly name: string
  readonly mode: SyncMode
  readonly options: SyncOptions
}

const always = (choice: ConflictChoice) => (): ConflictChoice => choice
const policies: readonly (readonly [string, ConflictResolution, SyncOptions?])[] = [
  ['newest-wins', 'newest-wins'],
  ['source-wins', 'source-wins'],
  ['destination-wins', 'destination-wins'],
  ['keep-both', 'keep-both'],
  ['manual, nobody asked', 'manual'],
  ['manual: both', 'manual', { conflictHandler: always('both') }],
  ['manual: source', 'manual', { conflictHandler: always('source') }],
  ['manual: destination', 'manual', { conflictHandler: always('destination') }],
]
const settings: readonly Setting[] = [
  ...policies.map(([name, conflictResolution, more]): Setting => ({
    name: `two-way, ${name}`,
    mode: 'two-way',
    options: { conflictResolution, ...more },
  })),
  ...(['source-to-destination', 'source-backup', 'destination-to-source', 'destination-backup'] as const).map((mode): Setting => ({
    name: mode,
    mode,
    options: {},
  })),
  { name: 'source-backup that accepts changes of the destination', mode: 'source-backup', options: { acceptDestinationChanges: true } },
]

/** Every state of one name: nothing, a file with one of three contents, a link, a directory with one name in it that has one of these or an empty directory. */
function smallTrees(): DirectoryNode[] {
  const inside: readonly (Node | undefined)[] = [undefined, ...leaves, directory()]
  const states: readonly (Node | undefined)[] = [undefined, ...leaves, ...inside.map(node => directory(node === undefined ? {} : { x: node }))]
  return states.map(node => directory(node === undefined ? {} : { a: node }))
}

/** mulberry32: a small generator whose seed can be printed. */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function randomTree(random: () => number): DirectoryNode {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const names = ['a', 'a-b']
  const slot = (deep: boolean): Node | undefined => {
    const r = random()
    if (r < 0.25) return undefined
    if (r < 0.55 || !deep) return r < 0.85 ? pick(leaves) : directory()
    return directory(new Map(names.flatMap(name => pair(name, slot(false)))))
  }
  return directory(new Map(names.flatMap(name => pair(name, slot(true)))))
}

function pair(name: string, node: Node | undefined): [string, Node][] {
  return node === undefined ? [] : [[name, node]]
}

interface Case {
  /** Undefined: there is no state at all. */
  readonly ancestor: DirectoryNode | undefined
  readonly source: DirectoryNode
  readonly destination: DirectoryNode
  readonly setting: Setting
}

const brave: SyncOptions = { allowEmpty: true, maxDelete: Infinity }
const nothing = directory()

/** Runs a case twice and returns what is wrong with it. */
async function check({ ancestor, source, destination, setting }: Case): Promise<string[]> {
  const world = new World()
  const options: SyncOptions = { ...brave, mode: setting.mode, ...setting.options }
  if (ancestor !== undefined) {
    await change(world.source, nothing, ancestor)
    const made = await world.sync({ ...brave, mode: 'two-way' })
    if (made.exitCode !== 0) return [`the ancestor could not be made: exit ${made.exitCode}`]
  }
  await change(world.source, ancestor ?? nothing, source)
  await change(world.destination, ancestor ?? nothing, destination)
  const wrong: string[] = []
  if (setting.options.conflictResolution !== 'manual') wrong.push(...(await checkGuards(world, options, source, destination)))
  world.takeCalls()
  const first = await world.sync(options)
  const calls = world.takeCalls()
  if (first.failures.length > 0) wrong.push(`failures: ${JSON.stringify(first.failures)}`)
  if (first.stale.length > 0) wrong.push(`stale: ${JSON.stringify(first.stale)}`)
  if (first.problems.length > 0) wrong.push(`problems: ${JSON.stringify(first.problems)}`)
  const [ours, theirs] = [await contentOf(world.source), await contentOf(world.destination)]
  const untouched: Side | undefined =
    setting.mode === 'two-way' || options.acceptDestinationChanges === true ? undefined : setting.mode.startsWith('source') ? 'source' : 'destination'
  if (untouched !== undefined && calls[untouched].length > 0) wrong.push(`the ${untouched} was written to: ${calls[untouched].join(', ')}`)
  wrong.push(...lost({ ancestor, source, destination, setting }, ours, theirs))
  wrong.push(...disagreements(setting, first, ours.tree, theirs.tree))
  wrong.push(...(await wrongState(world, setting, first)))
  for (const path of [...ours.strange, ...theirs.strange]) wrong.push(`left behind: ${path}`)
  const second = await world.sync(options)
  const again = world.takeCalls()
  const items = second.plan.items.filter(item => item.action !== 'CONFLICT')
  if (items.length > 0) wrong.push(`the second run plans ${items.map(item => `${item.action} ${item.path}`).join(', ')}`)
  if (second.plan.settled.length > 0) wrong.push(`the second run settles ${JSON.stringify(second.plan.settled)}`)
  if (again.source.length + again.destination.length > 0) wrong.push(`the second run calls ${[...again.source, ...again.destination].join(', ')}`)
  return wrong
}

type Content = Awaited<ReturnType<typeof contentOf>>

/**
 * What existed, was not what the last sync left there, and is nowhere any more. In one-way modes what the receiving side had may be replaced; what a
 * backup's receiving side alone had may not.
 */
function lost({ ancestor, source, destination, setting }: Case, ours: Content, theirs: Content): string[] {
  const before = { source: flatten(source), destination: flatten(destination) }
  const known = flatten(ancestor ?? nothing)
  const there = new Set<string>()
  const inSight = new Set<string>()
  for (const content of [ours, theirs]) {
    for (const word of Object.values(content.tree)) inSight.add(word)
    for (const word of Object.values(content.tree)) there.add(word)
    for (const line of content.trash) there.add(line.slice(line.indexOf(': ') + 2))
  }
  const missing: string[] = []
  for (const side of ['source', 'destination'] as const) {
    const other = side === 'source' ? 'destination' : 'source'
    for (const [path, word] of Object.entries(before[side])) {
      if (word === '/') continue
      // An edit beats a deletion: it is where users look, and not in the trash.
      const wasDeleted = before[other][path] === undefined && !hasLeafAbove(before[other], path)
      if (setting.mode === 'two-way' && known[path] !== word && wasDeleted && !inSight.has(word))
        missing.push(`${JSON.stringify(word)} of ${path} at the ${side} lost against a deletion`)
      if (there.has(word)) continue
      const isOwn = known[path] !== word
      // Its user's own deed on the other side: it was there, as the last sync left it, and was changed or deleted there.
      const wasChanged = !isOwn && before[other][path] !== word
      if (mustStay(setting, side, path, before[other]) && !(mayBeReplaced(setting) && wasChanged))
        missing.push(`${JSON.stringify(word)} of ${path} at the ${side} is lost`)
    }
  }
  return missing
}

/** Whether a mode may not replace what a side has at a path by what the other one has, or has not. */
function mustStay({ mode, options }: Setting, side: Side, path: Path, other: Readonly<Record<Path, string>>): boolean {
  if (mode === 'two-way' || mode.startsWith(side)) return true
  const isAlone = other[path] === undefined && !hasLeafAbove(other, path)
  return isAlone && (mode.endsWith('backup') || options.acceptDestinationChanges === true)
}

/** Whether what is unchanged since the last sync follows the other side on both sides. */
function mayBeReplaced({ mode, options }: Setting): boolean {
  return mode === 'two-way' || options.acceptDestinationChanges === true
}

function hasLeafAbove(tree: Readonly<Record<Path, string>>, path: Path): boolean {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) if ((tree[path.slice(0, at)] ?? '/') !== '/') return true
  return false
}

/** Whether a path lies at, above or below an open conflict. */
function isOpen(result: SyncResult, path: Path): boolean {
  return result.conflicts.some(conflict => conflict.path === path || conflict.path.startsWith(`${path}/`) || path.startsWith(`${conflict.path}/`))
}

function disagreements(
  setting: Setting,
  result: SyncResult,
  source: Readonly<Record<Path, string>>,
  destination: Readonly<Record<Path, string>>,
): string[] {
  const wrong: string[] = []
  for (const path of new Set([...Object.keys(source), ...Object.keys(destination)])) {
    if (source[path] === destination[path] || isOpen(result, path)) continue
    if (setting.mode === 'source-backup' && source[path] === undefined) continue
    if (setting.mode === 'destination-backup' && destination[path] === undefined) continue
    wrong.push(`${path} is ${JSON.stringify(source[path])} at the source and ${JSON.stringify(destination[path])} at the destination`)
  }
  return wrong
}

/** The state says what is there: for every path that both sides have, and in modes that delete for no other. */
async function wrongState(world: World, setting: Setting, result: SyncResult): Promise<string[]> {
  const wrong: string[] = []
  await world.pair.state.open('pair')
  for (const side of ['source', 'destination'] as const) {
    const tree = side === 'source' ? await world.pair.state.loadSourceTree() : await world.pair.state.loadDestinationTree()
    const entries = new Map((await entriesOf(world[side])).filter(entry => !entry.path.startsWith('.syncline')).map(entry => [entry.path, entry]))
    for (const path of new Set([...tree.keys(), ...entries.keys()])) {
      if (isOpen(result, path)) continue
      const [known, entry] = [tree.get(path), entries.get(path)]
      if (known === undefined || entry === undefined) {
        if (!setting.mode.endsWith('backup'))
          wrong.push(`${path} at the ${side}: the state says ${JSON.stringify(known)}, there is ${JSON.stringify(entry)}`)
        continue
      }
      const fits =
        known.kind === entry.kind &&
        (entry.kind !== 'file' || (known.size === entry.size && known.etag === entry.etag && known.modified === entry.modified)) &&
        (entry.kind !== 'symlink' || known.target === entry.target)
      if (!fits && !(setting.mode.endsWith('backup') && (await world[side === 'source' ? 'destination' : 'source'].stat(path)) === undefined)) {
        wrong.push(`${path} at the ${side}: the state says ${JSON.stringify(known)}, there is ${JSON.stringify(entry)}`)
      }
    }
  }
  return wrong
}

/** An empty side empties nothing, and a limit of no deletions stops every plan with one. */
async function checkGuards(world: World, options: SyncOptions, source: DirectoryNode, destination: DirectoryNode): Promise<string[]> {
  const wrong: string[] = []
  const engine = world.engine()
  const none = await engine.plan(world.pair, { ...options, maxDelete: 0 })
  const deletes = (side: string): boolean => none.plan.items.some(item => item.action === `DELETE_${side}`)
  const isRefused = none.refusals.some(refusal => refusal.guard === 'max-delete')
  if (isRefused !== (deletes('SOURCE') || deletes('DESTINATION')))
    wrong.push(`a limit of no deletions ${isRefused ? 'stops a plan without' : 'lets pass a plan with'} deletions`)
  const emptied = (source.children.size === 0 && deletes('DESTINATION')) || (destination.children.size === 0 && deletes('SOURCE'))
  if (emptied) {
    const guarded = await engine.plan(world.pair, { ...options, allowEmpty: false })
    if (!guarded.refusals.some(refusal => refusal.guard === 'emptied-side')) wrong.push('an empty side empties the other one')
    if (guarded.exitCode !== 5) wrong.push(`a refusal has the exit code ${guarded.exitCode}`)
  }
  return wrong
}

function describeCase({ ancestor, source, destination, setting }: Case): string {
  const word = (tree: DirectoryNode | undefined): string => (tree === undefined ? 'no state' : JSON.stringify(flatten(tree)))
  return `${setting.name}: ancestor ${word(ancestor)}, source ${word(source)}, destination ${word(destination)}`
}

const counted = new Map<string, number>()
const sampleSize = Number(process.env['SYNCLINE_EXHAUSTIVE_SAMPLE'] ?? 2500)
const seed = Number(process.env['SYNCLINE_SEED'] ?? 20_261)

async function checkAll(name: string, cases: Iterable<Case>): Promise<void> {
  const failures: string[] = []
  let count = 0
  for (const each of cases) {
    count++
    const wrong = await check(each).catch((error: unknown) => [`threw ${error instanceof Error ? error.stack : String(error)}`])
    if (wrong.length > 0 && failures.length < 12) failures.push(`${describeCase(each)}\n    ${wrong.join('\n    ')}`)
  }
  counted.set(name, count)
  expect(failures.join('\n')).toBe('')
}

const long = 600_000

describe('every small case', () => {
  for (const setting of settings) {
    test(
      `${setting.name}: loses nothing, converges, keeps to its side, and records what is there`,
      async () => {
        const trees = smallTrees()
        const cases = function* (): Generator<Case> {
          for (const ancestor of trees) for (const source of trees) for (const destination of trees) yield { ancestor, source, destination, setting }
        }
        await checkAll(setting.name, cases())
      },
      long,
    )
  }

  test(
    'at first contact, under every policy for it',
    async () => {
      const trees = smallTrees()
      const cases = function* (): Generator<Case> {
        for (const setting of settings) {
          for (const initialSync of Object.values(InitialSync)) {
            if (setting.mode !== 'two-way' && initialSync !== 'merge') continue
            const with_ = { ...setting, name: `${setting.name}, first contact ${initialSync}`, options: { ...setting.options, initialSync } }
            for (const source of trees) for (const destination of trees) yield { ancestor: undefined, source, destination, setting: with_ }
          }
        }
      }
      await checkAll('first contact', cases())
    },
    long,
  )

  test(
    'a sample of two names with two names in each',
    async () => {
      const random = randomOf(seed)
      const cases = function* (): Generator<Case> {
        for (let i = 0; i < sampleSize; i++) {
          const ancestor = randomTree(random)
          // Half of the time a side keeps a name as it was: without that nearly every path would be a conflict.
          const side = (): DirectoryNode => mixed(ancestor, randomTree(random), random)
          yield {
            ancestor: random() < 0.1 ? undefined : ancestor,
            source: side(),
            destination: side(),
            setting: settings[i % settings.length] as Setting,
          }
        }
      }
      await checkAll(`sample with seed ${seed}`, cases())
    },
    long,
  )
})

/** Each name from one of two trees. */
function mixed(a: DirectoryNode, b: DirectoryNode, random: () => number): DirectoryNode {
  const children = new Map<string, Node>()
  for (const name of new Set([...a.children.keys(), ...b.children.keys()])) {
    const [x, y] = [a.children.get(name), b.children.get(name)]
    const chosen = x?.kind === 'directory' && y?.kind === 'directory' ? mixed(x, y, random) : random() < 0.5 ? x : y
    if (chosen !== undefined) children.set(name, chosen)
  }
  return directory(children)
}

afterAll(() => {
  const total = [...counted.values()].reduce((sum, count) => sum + count, 0)
  console.log(`exhaustive: ${total} cases, each run twice\n${[...counted].map(([name, count]) => `  ${count} ${name}`).join('\n')}`)
})

test('the words of nodes tell kinds apart', () => {
  expect([...leaves, directory()].map(wordOf)).toEqual(['A', 'B', 'C', '-> elsewhere', '/'])
})
