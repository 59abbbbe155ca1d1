import {
  type ComparisonMode,
  compareUtf8,
  type ConflictResolution,
  type Path,
  planFromLines,
  planToLines,
  type Side,
  type SyncMode,
  type SyncOptions,
  type SyncResult,
  toBytes,
  type WritableStorage,
} from '@syncline/core'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { contentOf, directory, type DirectoryNode, entriesOf, file, flatten, link, type Node, put, removeAll, treeOf, World } from './kit.ts'
import { type Known, type ModelOptions, type ModelResult, syncModel } from './model.ts'

const runs = Number(process.env['SYNCLINE_MODEL_RUNS'] ?? 1500)
/** The same cases every time, unless another seed or `random` is asked for. */
const { SYNCLINE_SEED: asked = '20261120' } = process.env
const seed = asked === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(asked)

const names = ['a', 'a-b', 'b', 'c.txt', 'é']
const texts = ['1', '2', '3', 'long 1', 'long 2', 'longer 3', '']
const base = 1_700_000_000_000

const name = fc.constantFrom(...names)
/** Seconds: some within the tolerance of each other, some not. */
const modified = fc.integer({ min: 0, max: 60 }).map(seconds => base + seconds * 1000)
const fileNode = fc.tuple(fc.constantFrom(...texts), modified).map(([text, time]) => file(text, time))
const leaf: fc.Arbitrary<Node> = fc.oneof({ weight: 6, arbitrary: fileNode }, { weight: 1, arbitrary: name.map(link) })
const { tree } = fc.letrec<{ tree: DirectoryNode }>(tie => ({
  tree: fc
    .uniqueArray(fc.tuple(name, fc.oneof({ maxDepth: 3, depthSize: 'small' }, leaf, tie('tree') as fc.Arbitrary<Node>)), {
      maxLength: 4,
      selector: ([each]) => each,
    })
    .map(children => directory(new Map(children))),
}))

/** What a user does between two syncs; `pick` chooses among the paths that there are then. */
interface Edit {
  readonly side: Side
  readonly kind: (typeof edits)[number]
  readonly pick: number
  readonly into: number
  readonly name: string
  readonly text: string
  readonly modified: number
}
const edits = ['write', 'rewrite', 'older', 'touch', 'create', 'directory', 'link', 'delete', 'rename', 'rename', 'to-directory', 'to-file'] as const
const edit: fc.Arbitrary<Edit> = fc.record({
  side: fc.constantFrom<Side>('source', 'destination'),
  kind: fc.constantFrom(...edits),
  pick: fc.nat(1000),
  into: fc.nat(1000),
  name,
  text: fc.constantFrom(...texts),
  modified,
})

interface Scenario {
  readonly source: DirectoryNode
  readonly destination: DirectoryNode
  readonly rounds: readonly (readonly Edit[])[]
  readonly mode: SyncMode
  readonly policy: ConflictResolution
  readonly comparison: ComparisonMode
}
const anyScenario: fc.Arbitrary<Scenario> = fc.record({
  source: tree,
  destination: fc.oneof(tree, fc.constant(directory())),
  rounds: fc.array(fc.array(edit, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 }),
  mode: fc.constantFrom<SyncMode>(
    'two-way',
    'two-way',
    'two-way',
    'source-to-destination',
    'source-backup',
    'destination-to-source',
    'destination-backup',
  ),
  policy: fc.constantFrom<ConflictResolution>('newest-wins', 'source-wins', 'destination-wins', 'keep-both', 'manual'),
  comparison: fc.constantFrom<ComparisonMode>(
    'hash-then-mtime',
    'hash-then-mtime',
    'hash-then-mtime',
    'hash-only',
    'size-only',
    'mtime-only',
    'size-and-mtime',
  ),
})

/**
 * Modes that do not look at content take a file of an old id, size and time for the one that moved, as they take an edit in place that changes neither for none:
 * what they then leave is their own declaration, and no matter of this model.
 */
const scenario: fc.Arbitrary<Scenario> = anyScenario.map(each =>
  each.comparison.startsWith('hash')
    ? each
    : { ...each, rounds: each.rounds.map(round => round.map(edit => (edit.kind === 'rename' ? { ...edit, kind: 'create' as const } : edit))) },
)

async function apply(storage: WritableStorage, { kind, pick, into, name, text, modified }: Edit): Promise<void> {
  const all = (await entriesOf(storage)).filter(entry => !entry.path.startsWith('.syncline'))
  const choose = <T>(items: readonly T[], number: number): T | undefined => items[number % Math.max(1, items.length)]
  const files = all.filter(entry => entry.kind === 'file')
  const directories = ['', ...all.filter(entry => entry.kind === 'directory').map(entry => entry.path)]
  const parent = choose(directories, into) as Path
  const place = parent === '' ? name : `${parent}/${name}`
  const isFree = !all.some(entry => entry.path === place)
  const chosen = choose(files, pick)
  const any = choose(all, pick)
  switch (kind) {
    case 'write':
      if (chosen !== undefined) await storage.write(chosen.path, toBytes(text), { modified })
      return
    case 'rewrite':
      if (chosen?.kind === 'file') {
        const same = (await contentOf(storage)).tree[chosen.path] as string
        await storage.write(chosen.path, toBytes(same), { modified })
      }
      return
    case 'older':
      if (chosen !== undefined) await storage.write(chosen.path, toBytes(text), { modified: base - 1_000_000 })
      return
    case 'touch':
      if (chosen !== undefined) await storage.setModified?.(chosen.path, modified)
      return
    case 'create':
      if (isFree) await storage.write(place, toBytes(text), { modified })
      return
    case 'directory':
      if (isFree) await storage.makeDirectory?.(place)
      return
    case 'link':
      if (isFree) await storage.makeSymlink?.(place, text)
      return
    case 'delete':
      if (any !== undefined) await removeAll(storage, any.path)
      return
    case 'rename':
      if (any !== undefined && isFree && place !== any.path && !place.startsWith(`${any.path}/`)) await storage.move?.(any.path, place)
      return
    case 'to-directory':
      if (chosen !== undefined) {
        await removeAll(storage, chosen.path)
        await put(storage, chosen.path, directory({ [name]: file(text, modified) }))
      }
      return
    case 'to-file': {
      const path = choose(directories.slice(1), pick)
      if (path === undefined) return
      await removeAll(storage, path)
      await put(storage, path, file(text, modified))
    }
  }
}

/** Independent of the engine's own: stem, label in UTC, extension. */
function copyName(path: Path, loser: Side, time: number): Path {
  const slash = path.lastIndexOf('/') + 1
  const dot = path.lastIndexOf('.')
  const at = dot > slash ? dot : path.length
  const iso = new Date(time).toISOString()
  return `${path.slice(0, at)} (conflict ${loser} ${iso.slice(0, 10)} ${iso.slice(11, 13)}.${iso.slice(14, 16)}.${iso.slice(17, 19)})${path.slice(at)}`
}

const tally = { cases: 0, runs: 0 }
const brave: SyncOptions = { maxDelete: Infinity, allowEmpty: true }
const optionsOf = ({ mode, policy, comparison }: Scenario): SyncOptions => ({
  ...brave,
  mode,
  conflictResolution: policy,
  comparisonMode: comparison,
})

/**
 * Takes the nodes of the model that are there now for what really is there, with the times and versions that the storages have given them.
 * Of the state only this is believed: whether it remembers a content.
 */
async function knownAfter(model: ModelResult, world: World): Promise<Known> {
  const [source, destination] = [await treeOf(world.source), await treeOf(world.destination)]
  await world.pair.state.open('pair')
  const [ours, theirs] = [await world.pair.state.loadSourceTree(), await world.pair.state.loadDestinationTree()]
  const known = new Map<Path, { source: Node; destination: Node }>()
  for (const [path, views] of model.known) {
    known.set(path, {
      source: current(views.source, model.source, source, path, ours.get(path)?.hash !== undefined),
      destination: current(views.destination, model.destination, destination, path, theirs.get(path)?.hash !== undefined),
    })
  }
  return known
}

function current(node: Node, model: DirectoryNode, real: DirectoryNode, path: Path, hashed: boolean): Node {
  const now = find(model, path) === node ? (find(real, path) ?? node) : node
  return now.kind === 'file' ? { ...now, hashed } : now
}

function find(root: DirectoryNode, path: Path): Node | undefined {
  let node: Node | undefined = root
  for (const part of path.split('/')) node = node?.kind === 'directory' ? node.children.get(part) : undefined
  return node
}

/** Lines of `after` that `before` does not have. */
function added(before: readonly string[], after: readonly string[]): string[] {
  const rest = [...before]
  return after.filter(line => {
    const at = rest.indexOf(line)
    if (at !== -1) rest.splice(at, 1)
    return at === -1
  })
}

/** Links take the time of the storages' clock, so the side that is made first has the older ones. */
async function build(scenario: Scenario, first: Side = 'source'): Promise<World> {
  const world = new World()
  for (const side of [first, swap(first)]) for (const [path, node] of scenario[side].children) await put(world[side], path, node)
  return world
}

async function againstModel(scenario: Scenario): Promise<void> {
  const world = await build(scenario)
  const options = optionsOf(scenario)
  let known: Known = new Map()
  for (const round of [[], ...scenario.rounds]) {
    for (const each of round) await apply(world[each.side], each)
    const [source, destination] = [await treeOf(world.source), await treeOf(world.destination)]
    const [oursBefore, theirsBefore] = [await contentOf(world.source), await contentOf(world.destination)]
    const { mode, comparison, policy } = scenario
    const time = world.time
    const modelOptions: ModelOptions = { mode, comparison, policy, toleranceMs: 2000, copyName: (path, loser) => copyName(path, loser, time) }
    const model = syncModel(source, destination, known, modelOptions)

    const dry = await world.sync({ ...options, dryRun: true })
    world.takeCalls()
    const result = await world.sync(options)
    const { items, settled, counts } = dry.plan
    expect({ items, settled, counts }, 'the dry run').toEqual({ items: result.plan.items, settled: result.plan.settled, counts: result.plan.counts })
    expect([result.failures, result.stale, result.problems, result.refusals]).toEqual([[], [], [], []])
    const [ours, theirs] = [await contentOf(world.source), await contentOf(world.destination)]
    expect({ source: ours.tree, destination: theirs.tree }, 'the trees').toEqual({
      source: flatten(model.source),
      destination: flatten(model.destination),
    })
    expect(result.conflicts.map(conflict => conflict.path).sort(compareUtf8), 'the conflicts').toEqual([...model.conflicts].sort(compareUtf8))
    for (const [side, before, after] of [
      ['source', oursBefore, ours],
      ['destination', theirsBefore, theirs],
    ] as const) {
      const kept = added(before.trash, after.trash)
      const words = new Set(Object.values(after.tree))
      expect(added(model.trash[side], kept), `the trash of the ${side} holds more`).toEqual([])
      expect(
        added(kept, model.trash[side]).filter(line => !words.has(line.slice(line.indexOf(': ') + 2))),
        `the trash of the ${side} lacks`,
      ).toEqual([])
    }
    expect([...ours.strange, ...theirs.strange]).toEqual([])
    known = await knownAfter(model, world)

    world.takeCalls()
    const again = await world.sync(options)
    expect(
      again.plan.items.filter(item => item.action !== 'CONFLICT'),
      'the second run',
    ).toEqual([])
    expect(again.plan.settled).toEqual([])
    expect(world.takeCalls()).toEqual({ source: [], destination: [] })
    expect(again.conflicts.map(conflict => conflict.path)).toEqual(result.conflicts.map(conflict => conflict.path))
    tally.runs += 3
  }
  tally.cases++
}

/** Runs every round; `run` does the syncs. */
async function play(
  scenario: Scenario,
  run: (world: World, options: SyncOptions) => Promise<SyncResult>,
  first: Side = 'source',
): Promise<{ world: World; results: SyncResult[] }> {
  const world = await build(scenario, first)
  const results: SyncResult[] = []
  for (const round of [[], ...scenario.rounds]) {
    for (const each of round) await apply(world[each.side], each)
    results.push(await run(world, optionsOf(scenario)))
    tally.runs++
  }
  return { world, results }
}

const swap = <T extends string>(word: T): T =>
  (({
    source: 'destination',
    destination: 'source',
    'source-wins': 'destination-wins',
    'destination-wins': 'source-wins',
    'source-to-destination': 'destination-to-source',
    'destination-to-source': 'source-to-destination',
    'source-backup': 'destination-backup',
    'destination-backup': 'source-backup',
  })[word as string] ?? word) as T

function mirrored({ source, destination, rounds, mode, policy, comparison }: Scenario): Scenario {
  return {
    source: destination,
    destination: source,
    rounds: rounds.map(round => round.map(each => ({ ...each, side: swap(each.side) }))),
    mode: swap(mode),
    policy: swap(policy),
    comparison,
  }
}

/** A tree without the labels of conflict copies, which name a side: of equally old versions the destination's is the one that moves. */
function unlabelled(tree: Readonly<Record<Path, string>>): string[] {
  return Object.entries(tree)
    .map(([path, word]) => `${path.replaceAll(/ \(conflict (source|destination) [^)]*\)/g, '')}: ${word}`)
    .sort()
}

const sync = (world: World, options: SyncOptions): Promise<SyncResult> => world.sync(options)

describe('the engine against a naive model', () => {
  test('gives the trees, the trash and the conflicts of the model, plans the same in a dry run, and does nothing the second time', async () => {
    await fc.assert(fc.asyncProperty(scenario, againstModel), { numRuns: runs, seed })
  }, 600_000)

  test('gives the mirrored result when source and destination change places', async () => {
    // Later rounds would edit a conflict copy on one side only, so one round of edits is compared.
    const short = scenario.map(each => ({ ...each, rounds: each.policy === 'keep-both' ? each.rounds.slice(0, 1) : each.rounds }))
    await fc.assert(
      fc.asyncProperty(short, async each => {
        const [one, other] = [await play(each, sync), await play(mirrored(each), sync, 'destination')]
        const trees = async (world: World, a: Side, b: Side): Promise<unknown> => [
          unlabelled((await contentOf(world[a])).tree),
          unlabelled((await contentOf(world[b])).tree),
        ]
        expect(await trees(other.world, 'destination', 'source')).toEqual(await trees(one.world, 'source', 'destination'))
        expect(other.results.map(result => result.exitCode)).toEqual(one.results.map(result => result.exitCode))
        tally.cases++
      }),
      { numRuns: Math.ceil(runs / 3), seed },
    )
  }, 600_000)

  test('does the same by a plan that was written as lines of JSON, read back and applied', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async each => {
        const direct = await play(each, sync)
        const applied = await play(each, async (world, options) => {
          const { plan } = await world.engine().plan(world.pair, options)
          const result = await world.engine().apply(planFromLines([...planToLines(plan)]), world.pair, options)
          world.tick()
          return result
        })
        for (const side of ['source', 'destination'] as const)
          expect(await contentOf(applied.world[side])).toEqual(await contentOf(direct.world[side]))
        expect(applied.results.map(result => [result.exitCode, result.stats])).toEqual(direct.results.map(result => [result.exitCode, result.stats]))
        tally.cases++
      }),
      { numRuns: Math.ceil(runs / 3), seed },
    )
  }, 600_000)
})

afterAll(() => console.log(`model: ${tally.cases} random cases, ${tally.runs} runs of the engine, seed ${seed}`))
