import { describe, expect, test } from 'vitest'
import { memoryWorld, put, type MemoryWorld, type MemoryWorldOptions } from './memory-environment.ts'

/** Both sides were synced; then one change of each kind was made. */
async function changedWorld(options?: MemoryWorldOptions): Promise<MemoryWorld> {
  const world = memoryWorld(options)
  const [a, b] = [world.places.get('a'), world.places.get('b')]
  for (const name of ['gone.txt', 'edited.txt', 'both.txt', 'old name.txt', 'same.txt']) await put(a, name, `first ${name}`)
  expect((await world.run('sync', 'a', 'b', '--yes')).code).toBe(0)
  await a?.remove('gone.txt')
  await put(b, 'edited.txt', 'edited at the destination', 100)
  await put(a, 'both.txt', 'edited at the source', 100)
  await put(b, 'both.txt', 'edited at the destination, too', 200)
  await a?.move('old name.txt', 'new name.txt')
  await put(a, 'new.txt', 'new', 100)
  return world
}

const itemsOf = (json: readonly Record<string, unknown>[]): unknown[] =>
  json.filter(({ type }) => type === undefined).map(({ action, path, from }) => [action, path, from])

describe('plan', () => {
  test('prints one object per change and the counts last', async () => {
    const { code, json, err } = await (await changedWorld()).run('plan', 'a', 'b', '--conflict', 'manual', '--json')
    expect(itemsOf(json)).toEqual([
      ['RENAME_DESTINATION', 'new name.txt', 'old name.txt'],
      ['DOWNLOAD_UPDATE', 'edited.txt', null],
      ['UPLOAD_NEW', 'new.txt', null],
      ['DELETE_DESTINATION', 'gone.txt', null],
      ['CONFLICT', 'both.txt', null],
    ])
    for (const line of json.slice(0, -1)) expect(Object.keys(line)).toEqual(['action', 'path', 'from', 'reason'])
    expect(json.at(-1)).toEqual({
      type: 'plan_complete',
      uploads: 1,
      downloads: 1,
      deletesSource: 0,
      deletesDestination: 1,
      renamesSource: 0,
      renamesDestination: 1,
      conflicts: 1,
      unchanged: 1,
      problems: 0,
      ignored: 0,
      bytes: 28,
    })
    expect([code, err]).toEqual([4, ''])
  })

  test('shows the same to people, with reasons', async () => {
    const { out } = await (await changedWorld()).run('plan', 'a', 'b', '--conflict', 'manual')
    expect(out).toMatchInlineSnapshot(`
      "two-way   SOURCE memory:a   ⇄   DESTINATION memory:b
      compared by hash-then-mtime (±2 s) · 5 | 5 entries

         →  copy to destination    1       3 B   1 new
         ←  copy to source         1      25 B   1 changed
         ⇢  move at destination    1      18 B   need not be sent again
         ✕  delete at destination  1      14 B   kept in the trash
         !  conflict               1             left alone until you decide
         =  unchanged              1

         →  new.txt                          3 B   new at the source
         ←  edited.txt                      25 B   changed at the destination (different sizes (16 and 25 bytes))
         ⇢  old name.txt → new name.txt     18 B   renamed at the source: same file id, size and time
         ✕  gone.txt                        14 B   deleted at the source
         !  both.txt                               changed on both sides since the last sync (different sizes (20 and 30 bytes)); waits for a decision
      "
    `)
  })

  test('changes nothing, not even the state', async () => {
    const world = memoryWorld()
    await put(world.places.get('a'), 'x', 'x')
    await world.run('plan', 'a', 'b')
    expect(await world.places.get('b')?.stat('x')).toBeUndefined()
    for (const state of world.states.values()) for await (const page of state.list('')) expect(page).toEqual([])
  })

  test('--exit-code is 10 if there is something to do, else 0', async () => {
    const world = memoryWorld()
    expect((await world.run('plan', 'a', 'b', '--exit-code')).code).toBe(0)
    await put(world.places.get('a'), 'x', 'x')
    expect((await world.run('plan', 'a', 'b', '--exit-code')).code).toBe(10)
    expect((await world.run('plan', 'a', 'b')).code).toBe(0)
  })

  test('shows a line of every kind before it shows twenty of one, and says how many it left out', async () => {
    const world = memoryWorld()
    for (let i = 0; i < 40; i++) await put(world.places.get('a'), `file ${i}`, 'x')
    await put(world.places.get('b'), 'other', 'y')
    const { out } = await world.run('plan', 'a', 'b')
    expect(out).toContain('←  other')
    expect(out).toContain('… 21 more: --all shows every line')
    expect((await world.run('plan', 'a', 'b', '--all')).out.match(/→ {2}file \d+/g)).toHaveLength(40)
  })
})

describe('plan --out and apply', () => {
  test('runs exactly the plan', async () => {
    const world = await changedWorld()
    const planned = await world.run('plan', 'a', 'b', '--conflict', 'manual', '--out', 'p')
    expect(planned.out).toContain('next  syncline apply p')
    await put(world.places.get('a'), 'later.txt', 'after the plan was made', 300)
    const { code, json } = await world.run('apply', 'p', '--json')
    expect(code).toBe(4)
    expect(json.at(-1)).toMatchObject({
      type: 'sync_complete',
      exitCode: 4,
      stats: { uploads: 1, downloads: 1, deletesDestination: 1, renamesDestination: 1, conflicts: 1 },
    })
    expect(await world.places.get('b')?.stat('later.txt')).toBeUndefined()
    expect(await world.places.get('b')?.stat('new name.txt')).toBeDefined()
  })

  test('leaves alone what is no longer as the plan saw it, with 8', async () => {
    const world = memoryWorld()
    await put(world.places.get('a'), 'x', 'planned')
    await world.run('plan', 'a', 'b', '--out', 'p')
    await put(world.places.get('a'), 'x', 'changed after the plan', 50)
    const { code, out } = await world.run('apply', 'p')
    expect(code).toBe(8)
    expect(out).toContain('changed since the plan was made, left alone')
    expect(await world.places.get('b')?.stat('x')).toBeUndefined()
  })

  test('a plan on standard output is all that is printed there', async () => {
    const world = memoryWorld()
    await put(world.places.get('a'), 'x', 'x')
    const { out, err } = await world.run('plan', 'a', 'b', '--out', '-')
    expect(out).toBe('')
    expect(err).toContain('copy to destination')
    expect(world.files.get('-')).toMatch(/^\{"type":"plan"/)
  })

  test.each([
    ['a missing file', undefined, 'cannot read the plan p'],
    ['a broken file', '{"type":"plan"', 'the plan p cannot be used: line 1'],
  ])('%s is 2', async (_name, text, message) => {
    const world = memoryWorld()
    if (text !== undefined) world.files.set('p', text)
    const { code, err } = await world.run('apply', 'p')
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})

describe('sync', () => {
  test('prints events and last what became of it', async () => {
    const { code, json } = await (await changedWorld()).run('sync', 'a', 'b', '--conflict', 'manual', '--json')
    expect(code).toBe(4)
    const types = json.map(({ type }) => type)
    expect(types.slice(0, 2)).toEqual(['scan_start', 'scan_start'])
    for (const type of [
      'plan_complete',
      'sync_start',
      'upload_start',
      'upload_complete',
      'download_complete',
      'delete_complete',
      'rename_complete',
      'conflict',
    ])
      expect(types).toContain(type)
    expect(types.filter(type => type === 'sync_complete')).toHaveLength(1)
    expect(json.at(-1)).toEqual({
      type: 'sync_complete',
      exitCode: 4,
      stats: {
        uploads: 1,
        downloads: 1,
        deletesSource: 0,
        deletesDestination: 1,
        renamesSource: 0,
        renamesDestination: 1,
        skips: expect.any(Number),
        conflicts: 1,
        errors: 0,
        bytes: 28,
        durationMs: expect.any(Number),
      },
      conflicts: [{ path: 'both.txt', reason: expect.stringContaining('changed on both sides') }],
      failures: [],
      stale: [],
      problems: [],
    })
  })

  test('--dry-run gives the plan that plan gives', async () => {
    const world = await changedWorld()
    expect((await world.run('sync', 'a', 'b', '--dry-run', '--json')).out).toBe((await world.run('plan', 'a', 'b', '--json')).out)
    expect(await world.places.get('b')?.stat('new.txt')).toBeUndefined()
  })

  test('tells people what was done, what waits, and where the trash is', async () => {
    const { out } = await (await changedWorld()).run('sync', 'a', 'b', '--conflict', 'manual')
    expect(out.replace(/in \d+ ms/, 'in 5 ms').replace(/(?<=syncline-trash\/)\d{8}-\d{6}-\w{4}/, 'RUN')).toMatchInlineSnapshot(`
      "! finished with 1 conflict in 5 ms   exit 4
         → 1 copied to destination    ← 1 copied to source
         ⇢ 1 moved at destination
         ✕ 1 deleted at destination
         28 B moved · 1 unchanged
         what the destination lost is in memory:b/.syncline-trash/RUN
         1 conflict waits for a decision; both versions are untouched
           ! both.txt  changed on both sides since the last sync (different sizes (20 and 30 bytes)); waits for a decision
               source      20 B  2026-01-01 00:01:40Z
               destination 30 B  2026-01-01 00:03:20Z
           decide: syncline conflicts resolve a b PATH --take source|destination|both|newest
      "
    `)
  })

  test('says so when there is nothing to do', async () => {
    const world = memoryWorld()
    await put(world.places.get('a'), 'x', 'x')
    await world.run('sync', 'a', 'b')
    expect((await world.run('sync', 'a', 'b')).out).toMatch(/^✓ nothing to do: 1 path agrees/)
  })

  test('--quiet prints nothing when all is well', async () => {
    const world = memoryWorld()
    await put(world.places.get('a'), 'x', 'x')
    expect(await world.run('sync', 'a', 'b', '--quiet')).toMatchObject({ code: 0, out: '', err: '' })
  })

  test('--quiet still names what waits', async () => {
    const { code, out, err } = await (await changedWorld()).run('sync', 'a', 'b', '--conflict', 'manual', '--quiet')
    expect([code, out]).toEqual([4, ''])
    expect(err).toContain('both.txt')
  })

  test("a guard's refusal is 5, names the option that allows it, and has changed nothing", async () => {
    const world = memoryWorld()
    for (let i = 0; i < 12; i++) await put(world.places.get('a'), `file ${i}`, 'x')
    await world.run('sync', 'a', 'b')
    for (let i = 0; i < 11; i++) await world.places.get('a')?.remove(`file ${i}`)
    const refused = await world.run('sync', 'a', 'b')
    expect(refused.code).toBe(5)
    expect(refused.out).toContain('refused (max-delete)')
    expect(refused.out).toContain('add --max-delete 11')
    const json = await world.run('sync', 'a', 'b', '--json')
    expect(json.json.filter(({ type }) => type === 'blocked')).toEqual([
      { type: 'blocked', guard: 'max-delete', limit: expect.anything(), actual: 11, override: '--max-delete 11', message: expect.any(String) },
    ])
    expect(await world.places.get('b')?.stat('file 3')).toBeDefined()
    expect((await world.run('sync', 'a', 'b', '--max-delete', '11')).code).toBe(0)
    expect(await world.places.get('b')?.stat('file 3')).toBeUndefined()
  })

  test('escapes what a name could do to the terminal', async () => {
    const world = memoryWorld({ terminal: true })
    await put(world.places.get('a'), 'evil\u001b[2J\nname', 'x')
    const { out } = await world.run('plan', 'a', 'b', '--color', 'never')
    expect(out).toContain('evil\\e[2J\\nname')
    expect(out).not.toContain('\u001b')
  })
})

describe('sync on a terminal', () => {
  test('shows the plan, asks once, and goes on after yes', async () => {
    const world = memoryWorld({ terminal: true, answer: true })
    await put(world.places.get('a'), 'x', 'x')
    const { code, err } = await world.run('sync', 'a', 'b')
    expect(code).toBe(0)
    expect(world.questions).toEqual(['Go on?'])
    expect(err).toContain('copy to destination')
  })

  test('changes nothing after no, with 5', async () => {
    const world = memoryWorld({ terminal: true, answer: false })
    await put(world.places.get('a'), 'x', 'x')
    expect((await world.run('sync', 'a', 'b')).code).toBe(5)
    expect(await world.places.get('b')?.stat('x')).toBeUndefined()
  })

  test('names the deletions in the question', async () => {
    const world = await changedWorld({ terminal: true, answer: true })
    await world.run('sync', 'a', 'b')
    expect(world.questions.at(-1)).toBe('Go on? This deletes 1 path.')
  })

  test.each([['--yes'], ['--json'], ['--dry-run']])('does not ask with %s', async option => {
    const world = memoryWorld({ terminal: true, answer: false })
    await put(world.places.get('a'), 'x', 'x')
    expect((await world.run('sync', 'a', 'b', option)).code).toBe(0)
    expect(world.questions).toEqual([])
  })

  test('does not ask when there is nothing to do', async () => {
    const world = memoryWorld({ terminal: true, answer: false })
    expect((await world.run('sync', 'a', 'b')).code).toBe(0)
    expect(world.questions).toEqual([])
  })
})

describe('conflicts', () => {
  test('lists what waits, with both versions, and is 4', async () => {
    const world = await changedWorld()
    await world.run('sync', 'a', 'b', '--conflict', 'manual')
    expect(await world.run('conflicts')).toMatchObject({ code: 4, out: expect.stringContaining('both.txt') })
    const { code, json } = await world.run('conflicts', 'list', 'a', 'b', '--json')
    expect(code).toBe(4)
    expect(json).toEqual([
      {
        type: 'conflict',
        path: 'both.txt',
        reason: expect.any(String),
        source: expect.objectContaining({ size: 20 }),
        destination: expect.objectContaining({ size: 30 }),
      },
      { type: 'conflicts_complete', conflicts: 1 },
    ])
  })

  test.each([
    ['source', 'edited at the source', 'edited at the source'],
    ['destination', 'edited at the destination, too', 'edited at the destination, too'],
    ['newest', 'edited at the destination, too', 'edited at the destination, too'],
  ])('resolve --take %s decides one, and nothing else is touched', async (take, atSource, atDestination) => {
    const world = await changedWorld()
    await world.run('sync', 'a', 'b', '--conflict', 'manual')
    await put(world.places.get('a'), 'unrelated.txt', 'x', 400)
    expect((await world.run('conflicts', 'resolve', 'both.txt', '--take', take)).code).toBe(0)
    expect(await textOf(world, 'a', 'both.txt')).toBe(atSource)
    expect(await textOf(world, 'b', 'both.txt')).toBe(atDestination)
    expect(await world.places.get('b')?.stat('unrelated.txt')).toBeUndefined()
    expect((await world.run('conflicts')).code).toBe(0)
  })

  test('resolve --take both keeps both', async () => {
    const world = await changedWorld()
    await world.run('sync', 'a', 'b', '--conflict', 'manual')
    expect((await world.run('conflicts', 'resolve', 'a', 'b', 'both.txt', '--take', 'both')).code).toBe(0)
    await world.run('sync', 'a', 'b')
    const names: string[] = []
    for await (const page of world.places.get('b')?.list('') ?? [])
      for (const entry of Array.isArray(page) ? page : [page]) names.push((entry as { path: string }).path)
    expect(names.filter(name => name.startsWith('both'))).toHaveLength(2)
  })

  test.each([
    [['conflicts', 'resolve', 'x'], 'which version stays?'],
    [['conflicts', 'resolve', 'x', '--take', 'mine'], 'unknown value "mine" of --take'],
    [['conflicts', 'resolve', '--take', 'source'], 'which path?'],
    [['conflicts', 'reslove'], 'Did you mean syncline conflicts resolve?'],
    [['conflicts', '--take', 'source'], '--take belongs to conflicts resolve'],
  ])('refuses %j', async (argv, message) => {
    const { code, err } = await memoryWorld().run(...argv)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})

async function textOf(world: MemoryWorld, place: string, path: string): Promise<string> {
  let text = ''
  for await (const chunk of world.places.get(place)?.read(path) ?? []) text += new TextDecoder().decode(chunk)
  return text
}

describe('status', () => {
  test('tells what each side did', async () => {
    const world = await changedWorld()
    const { code, json } = await world.run('status', '--json')
    expect(code).toBe(4)
    expect(json.filter(({ type }) => type === 'change')).toEqual(
      expect.arrayContaining([
        { type: 'change', side: 'source', change: 'renamed', path: 'new name.txt', from: 'old name.txt' },
        { type: 'change', side: 'destination', change: 'changed', path: 'edited.txt', from: null },
        { type: 'change', side: 'source', change: 'new', path: 'new.txt', from: null },
        { type: 'change', side: 'source', change: 'deleted', path: 'gone.txt', from: null },
      ]),
    )
    expect(json.at(-1)).toMatchObject({ type: 'status', changes: 4, conflicts: 1, unchanged: 1, mode: 'two-way', lastRun: { exitCode: 0 } })
  })

  test('shows it to people', async () => {
    const { out } = await (await changedWorld()).run('status', 'a', 'b')
    expect(out).toContain('source  1 new, 1 deleted, 1 renamed')
    expect(out).toContain('destination  1 changed')
    expect(out).toContain('last sync just now')
  })

  test('a pair that was never synced is said to be so', async () =>
    expect((await memoryWorld().run('status', 'a', 'b')).out).toContain('never synced'))
})

describe('check', () => {
  test('is 0 for equal places and 10 for different ones', async () => {
    const world = memoryWorld()
    await put(world.places.get('a'), 'x', 'x')
    await put(world.places.get('b'), 'x', 'x')
    expect(await world.run('check', 'a', 'b')).toMatchObject({ code: 0, out: '✓ both sides agree: 1 equal\n' })
    await put(world.places.get('b'), 'x', 'y', 50)
    await put(world.places.get('b'), 'z', 'y')
    const { code, json } = await world.run('check', 'a', 'b', '--json')
    expect(code).toBe(10)
    expect(json).toEqual([
      { action: 'CONFLICT', path: 'x', from: null, reason: expect.any(String) },
      { action: 'DOWNLOAD_NEW', path: 'z', from: null, reason: expect.any(String) },
      expect.objectContaining({ type: 'plan_complete', downloads: 1, conflicts: 1, unchanged: 0 }),
    ])
  })
})

describe('why', () => {
  test('says what hides a path', async () => {
    const world = memoryWorld()
    await put(world.places.get('a'), '.syncignore', '# rules\n*.log\n')
    await put(world.places.get('a'), 'x.log', 'x')
    const { out } = await world.run('why', 'a', 'b', 'x.log')
    expect(out).toContain('hidden by "*.log" (.syncignore, line 2)')
  })

  test('says what would be done, and why', async () => {
    const { out } = await (await changedWorld()).run('why', 'gone.txt')
    expect(out).toContain('DELETE_DESTINATION')
    expect(out).toContain('deleted at the source')
  })
})

describe('state', () => {
  test('path prints where it is', async () => expect((await memoryWorld().run('state', 'path', 'a', 'b')).out).toMatch(/^\/state\/[0-9a-f]{16}\n$/))

  test('show tells what is known', async () => {
    const world = await changedWorld()
    expect((await world.run('state', 'show', 'a', 'b')).out).toContain('5 at the source, 5 at the destination')
    expect((await world.run('state', 'show', 'a', 'b', '--json')).json).toEqual([
      expect.objectContaining({ type: 'state', entries: { source: 5, destination: 5 }, mode: 'two-way' }),
    ])
  })

  test('clear needs a confirmation, and makes the next sync a first contact that deletes nothing', async () => {
    const world = await changedWorld()
    expect(await world.run('state', 'clear', 'a', 'b')).toMatchObject({ code: 5, err: expect.stringContaining('--yes') })
    expect((await world.run('state', 'clear', 'a', 'b', '--yes')).code).toBe(0)
    const { json } = await world.run('sync', 'a', 'b', '--json')
    expect(json.at(-1)).toMatchObject({ stats: { deletesSource: 0, deletesDestination: 0 } })
    expect(await world.places.get('a')?.stat('gone.txt')).toBeDefined()
  })
})

describe('ls', () => {
  test('lists one level, or all', async () => {
    const world = memoryWorld()
    await put(world.places.get('a'), 'd/x', 'hello')
    await put(world.places.get('a'), 'y', '')
    expect((await world.run('ls', 'a')).out).toBe('d/\ny\n')
    expect((await world.run('ls', 'a', '--recursive')).out).toBe('d/\nd/x\ny\n')
    expect((await world.run('ls', 'a', 'd', '--long')).out).toMatch(/^-\S+ +5 B {2}2026-01-01 00:00:00Z {2}d\/x\n$/)
    expect((await world.run('ls', 'a', 'y', '--json')).json).toEqual([expect.objectContaining({ kind: 'file', path: 'y', size: 0 })])
  })
})

describe('run', () => {
  test('without a command it helps', async () =>
    expect(await memoryWorld().run()).toMatchObject({ code: 0, out: expect.stringContaining('Everyday'), err: '' }))
  test.each([[['--help']], [['help']], [['-h']]])('%j helps', async argv => expect((await memoryWorld().run(...argv)).out).toContain('Everyday'))
  test('help on a command comes from either side', async () => {
    const world = memoryWorld()
    expect((await world.run('sync', '--help')).out).toBe((await world.run('help', 'sync')).out)
  })
  test.each([[['version']], [['--version']], [['-V']]])('%j tells the version', async argv =>
    expect(await memoryWorld().run(...argv)).toMatchObject({ code: 0, out: 'syncline 1.2.3\n' }),
  )

  test.each([
    [['sync'], 'source and destination are missing'],
    [['sync', 'a'], 'the destination is missing'],
    [['sync', 'a', 'b', 'c'], '"c" is one operand too many'],
    [['sync', 'a', 'a'], 'source and destination are the same place: a'],
    [['sync', 'a', 'a/b'], 'the destination a/b lies inside the source a'],
    [['sync', 'a/b', 'a'], 'the source a/b lies inside the destination a'],
    [['sync', 'a', 'b', '--mode', 'sideways'], 'unknown value "sideways" of --mode'],
    [['sync', 'a', 'b', '--exclude', '!x'], 'exclude'],
    [['sync', 'a', 'b', '--state', '/home/ana/a/state'], 'the state /home/ana/a/state lies inside the source a'],
    [['sync', 'a', 'b', '--ignore-file', 'none'], 'cannot read the ignore file none'],
    [['sync', 'a', 'b', '--color', 'pink'], 'unknown value "pink" of --color'],
    [['help', 'snyc'], 'Did you mean syncline help sync?'],
    [['completion', 'tcsh'], 'there is no completion for "tcsh"'],
    [['state', 'shwo', 'a', 'b'], 'Did you mean syncline state show?'],
    [['status', 'a'], 'the destination is missing'],
    [['status'], 'no pair was synced yet'],
    [['why', 'a', 'b'], 'which path?'],
    [['why', 'a', 'b', '../x'], '"../x" is no path of this pair'],
    [['ls'], 'the place is missing'],
    [['apply'], 'the plan file is missing'],
  ])('%j is 2', async (argv, message) => {
    const { code, err, out } = await memoryWorld().run(...argv)
    expect(err).toContain(message)
    expect([code, out]).toEqual([2, ''])
    expect(err).not.toMatch(/\n\s+at /)
  })

  test('an error is a JSON object, too', async () => {
    const { code, json } = await memoryWorld().run('sync', 'a', '--json')
    expect(code).toBe(2)
    expect(json).toEqual([
      { type: 'failure', exitCode: 2, code: 'USAGE', message: 'the destination is missing', hint: 'Usage: syncline sync SRC DST' },
    ])
  })

  test('SYNCLINE_DEBUG shows where an error comes from', async () => {
    const { err } = await memoryWorld({ variables: { SYNCLINE_DEBUG: '1' } }).run('sync', 'a')
    expect(err).toMatch(/\n\s+at /)
  })

  test('notes words of other programs that change nothing', async () =>
    expect((await memoryWorld().run('sync', '-a', 'a', 'b')).err).toContain('-a: times, permission bits and links are always kept'))

  test('a state in a synced home directory is hidden, unless it was put there on purpose', async () => {
    const world = memoryWorld()
    const { locateState } = world.environment
    const home = {
      ...world.environment,
      locateState: async (state: Parameters<typeof locateState>[0]) =>
        'pair' in state ? { location: '/home/ana/a/.local/state/x', realPath: '/home/ana/a/.local/state/x' } : locateState(state),
    }
    await put(world.places.get('a'), '.local/state/x/lock', 'x')
    await put(world.places.get('a'), '.local/share/x', 'x')
    const { run } = await import('../src/run.ts')
    expect(await run(['sync', 'a', 'b'], home)).toBe(0)
    expect(await world.places.get('b')?.stat('.local/share/x')).toBeDefined()
    expect(await world.places.get('b')?.stat('.local/state/x/lock')).toBeUndefined()
  })
})
