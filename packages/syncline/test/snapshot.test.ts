import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ended } from './bin.ts'
import { Bench, btrfs, same, stuckSender } from './snapshot-bench.ts'

describe('snapshot send', () => {
  test('shows what it would send, sends it, and then has nothing to send', async context => {
    await using bench = await Bench.make(context, 's1', 's2')
    const { a, b } = bench
    const dry = await bench.run('send', '-n', join(a, 'snaps/'), b)
    expect([dry.code, dry.out.split('\n').slice(1)]).toEqual([
      0,
      ['   snaps/s1  full                       → .', '   snaps/s2  incremental from snaps/s1  → .', '   2 subvolumes to send', ''],
    ])
    expect(bench.received).toEqual([])

    const { code, lines, err } = await bench.json('send', join(a, 'snaps/'), b)
    expect([code, err, bench.received]).toEqual([0, '', ['s1', 's2']])
    expect(lines).toMatchObject([
      { type: 'sent', volumes: [{ path: 'snaps/s1' }], parent: null },
      { type: 'sent', volumes: [{ path: 'snaps/s2' }], parent: { path: 'snaps/s1' } },
      { type: 'send_complete', exitCode: 0, sent: 2, present: 0, failed: 0 },
    ])
    expect(same(join(a, 'snaps/s2/big'), join(b, 's2/big'))).toBe(true)
    expect((await bench.run('send', join(a, 'snaps/'), b)).out).toBe('✓ nothing was sent, 2 there already\n')
  })

  test.for<[how: string, source: (a: string) => string, sent: string[]]>([
    ['one subvolume', a => join(a, 'snaps/s2'), ['s2']],
    ['a directory', a => join(a, 'snaps'), ['s1', 's10', 's2']],
    ['everything below a subvolume', a => `${a}/`, ['s1', 's10', 's2']],
    ['a pattern that does not end in a star', a => join(a, 'snaps/s[12]'), ['s1', 's2']],
    ['a pattern across directories', a => join(a, '*1*'), ['s1', 's10']],
    ['a link to a subvolume', a => join(a, 'link'), ['s1']],
  ])('takes %s', async ([, source, sent], context) => {
    await using bench = await Bench.make(context, 's1', 's2', 's10')
    execFileSync('ln', ['-s', 'snaps/s1', join(bench.a, 'link')])
    expect(await bench.run('send', source(bench.a), bench.b)).toMatchObject({ code: 0, err: '' })
    expect(bench.received).toEqual(sent)
  })

  test('takes relative places, globs to leave out, and several sources', async context => {
    await using bench = await Bench.make(context, 's1', 's2', 's3')
    const child = bench.here.start(['snapshot', 'send', '-x', '*2', '-q', 'snaps/s1', 'snaps', relative(bench.a, bench.b)], { cwd: bench.a })
    expect(await ended(child)).toEqual({ code: 0, signal: null, out: '', err: '' })
    expect(bench.received).toEqual(['s1', 's3'])
  })

  test('makes directories where that is wanted', async context => {
    await using bench = await Bench.make(context, 's1')
    const { a, b } = bench
    expect(await bench.run('send', join(a, 'snaps'), join(b, 'new'))).toMatchObject({ code: 6, err: expect.stringContaining('--create-destpath') })
    expect(await bench.run('send', '-r', `${a}/`, join(b, 'new'))).toMatchObject({ code: 0 })
    expect(readdirSync(join(b, 'new/snaps'))).toEqual(['s1'])
  })

  test('sends nothing whole with -I, and more than once with -f', async context => {
    await using bench = await Bench.make(context, 's1')
    const { a, b } = bench
    expect((await bench.run('send', '-I', join(a, 'snaps'), b)).out).toBe('✓ nothing was sent\n')
    expect(await bench.run('send', join(a, 'snaps'), b)).toMatchObject({ code: 0 })
    expect(await bench.run('send', '-f', '-c', join(a, 'snaps'), join(b, 'again'))).toMatchObject({ code: 0 })
    expect(readdirSync(join(b, 'again'))).toEqual(['s1'])
  })

  test('keeps dumps, also behind a pipeline, that are verified and restored', async context => {
    await using bench = await Bench.make(context, 's1', 's2')
    const { a, b, here } = bench
    expect(await bench.run('send', '-o', 'dumps', '-O', 'gzip -1', '-e', '.gz', join(a, 'snaps'), b)).toMatchObject({ code: 0 })
    expect(bench.received).toEqual([])
    expect(readdirSync(here.path('dumps')).map(name => name.replace(/[0-9a-f]{8}/g, 'X'))).toEqual([
      'snaps%2fs1.X.btrfs.gz',
      'snaps%2fs1.X.btrfs.gz.json',
      'snaps%2fs2.X.on-X.btrfs.gz',
      'snaps%2fs2.X.on-X.btrfs.gz.json',
    ])
    expect((await bench.run('send', '-o', 'dumps', join(a, 'snaps'), b)).out).toContain('2 there already')
    expect((await bench.run('verify', 'dumps', '--decode', 'gunzip')).code).toBe(0)
    expect(await bench.run('restore', 'dumps', b, '--decode', 'gunzip')).toMatchObject({ code: 0, err: '' })
    expect(bench.received).toEqual(['s1', 's2'])
    expect(await bench.run('restore', 'dumps', 'plain', '--decode', 'gunzip', '--only', 's2')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no dump of'),
    })
    expect(await bench.run('restore', 'dumps', 'plain', '--decode', 'gunzip', '--only', '*s2')).toMatchObject({ code: 0 })
    expect(same(join(a, 'snaps/s2/big'), here.path('plain/s2/big'))).toBe(true)
  })

  test('takes a dump of any name, and that very one', async context => {
    await using bench = await Bench.make(context, 's1', 's2', 's3')
    const { a, b, here } = bench
    const [s1, s2, s3] = ['s1', 's2', 's3'].map(name => join(a, 'snaps', name)) as [string, string, string]
    btrfs('send', '-f', here.path('whole.stream'), s2)
    btrfs('send', '-p', s1, '-f', here.path('s2 since s1'), s2)
    btrfs('send', '-p', s3, '-f', here.path('s2.btrfs'), s2)
    mkdirSync(here.path('deep'))
    execFileSync('ln', ['-s', '../s2 since s1', here.path('deep/link')])
    expect(await bench.run('send', 's2 since s1', b)).toMatchObject({ code: 3, err: expect.stringContaining('is not at the destination') })
    expect(await bench.run('send', 's2.btrfs', b)).toMatchObject({ code: 3 })
    expect(bench.received).toEqual([])
    expect(await bench.run('send', s1, b)).toMatchObject({ code: 0 })
    expect(await bench.run('send', 'deep/link', b)).toMatchObject({ code: 0, err: '' })
    expect(bench.received).toEqual(['s1', 's2'])
    mkdirSync(join(b, 'other'))
    expect(await bench.run('send', '-f', 'whole.stream', join(b, 'other'))).toMatchObject({ code: 0, err: '' })
    expect(await bench.run('send', '-f', 'whole.stream', join(b, 'other'))).toMatchObject({
      code: 3,
      err: expect.stringContaining('is there and is a copy of the same subvolume'),
    })
    expect((await bench.run('send', '-n', '-f', '-x', '*.stream', 'whole.stream', b)).out).toContain('nothing to send')
  })

  test('of a damaged dump nothing stays, and it is told what is wrong', async context => {
    await using bench = await Bench.make(context, 's1', 's2')
    const { a, b, here } = bench
    btrfs('send', '-f', here.path('sent'), join(a, 'snaps/s1'))
    const sent = readFileSync(here.path('sent'))
    const flipped = Buffer.from(sent)
    flipped[1_000_000] = ~(sent[1_000_000] as number)
    const newer = Buffer.from(sent)
    newer[13] = 9
    const cases: readonly (readonly [content: Uint8Array, code: number, says: string])[] = [
      [sent.subarray(0, 1_500_000), 3, 'it was cut off'],
      [sent.subarray(0, -10), 3, 'it was cut off'],
      [flipped, 3, 'a checksum does not fit'],
      [newer, 2, 'it has version 9; versions 1 and 2 are known'],
      [Buffer.concat([sent.subarray(0, 17), sent.subarray(-10)]), 2, 'its first command is not a volume'],
      [Buffer.alloc(0), 2, 'it ends before a volume begins'],
    ]
    for (const [content, code, says] of cases) {
      await writeFile(here.path('damaged'), content)
      expect(await bench.run('send', 'damaged', b)).toMatchObject({ code, err: expect.stringContaining(says) })
      expect(bench.received).toEqual([])
    }
  })

  test('says so where there is nothing to send', async context => {
    await using bench = await Bench.make(context)
    const { code, err } = await bench.run('send', join(bench.a, 'snaps'), bench.b)
    expect([code, err]).toEqual([0, expect.stringMatching(/there is no read-only subvolume in .*\/snaps\n/)])
  })

  test('writes to standard output, with nothing else in it', async context => {
    await using bench = await Bench.make(context, 's1')
    const child = bench.here.start(['snapshot', 'send', '-O', 'cat', join(bench.a, 'snaps/s1'), bench.b])
    const parts: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer | string) => parts.push(Buffer.from(chunk as string, 'latin1')))
    child.stdout.setEncoding('latin1')
    child.stdin.end()
    expect(await new Promise(resolve => child.once('close', resolve))).toBe(0)
    const dump = Buffer.concat(parts)
    await writeFile(bench.here.path('out.btrfs'), dump)
    expect(await bench.run('inspect', 'out.btrfs', '--summary')).toMatchObject({ code: 0, out: expect.stringContaining('s1\n') })
    expect(await bench.run('send', 'out.btrfs', bench.b)).toMatchObject({ code: 0 })
    expect(bench.received).toEqual(['s1'])
  })

  test('without anybody to ask, --interactive is refused', async context => {
    await using bench = await Bench.make(context, 's1')
    const { code, lines } = await bench.json('send', '--interactive', join(bench.a, 'snaps'), bench.b)
    expect([code, lines]).toEqual([5, [expect.objectContaining({ type: 'blocked', guard: 'confirmation', override: '--yes' })]])
    expect(bench.received).toEqual([])
    expect(await bench.run('send', '--interactive', '-y', join(bench.a, 'snaps'), bench.b)).toMatchObject({ code: 0 })
  })

  test('a name that is taken is told before anything is sent, and the others are sent', async context => {
    await using bench = await Bench.make(context, 's1')
    const { a, b } = bench
    btrfs('subvolume', 'create', join(b, 's1'))
    expect(await bench.run('send', '-n', join(a, 'snaps'), b)).toMatchObject({ code: 3, out: expect.stringContaining('cannot be received as') })
    const { code, lines, err } = await bench.json('send', join(a, 'snaps'), b)
    expect([code, lines.at(-1)?.['type'], err]).toEqual([3, 'send_complete', expect.stringContaining('can be written to')])
  })

  test.for(['SIGINT', 'SIGTERM'] as const)('%s ends it, and nothing half-received stays', async (signal, context) => {
    await using bench = await Bench.make(context, 's1')
    const { a, b, here } = bench
    const child = here.start(['snapshot', 'send', join(a, 'snaps/s1'), b], { env: { PATH: stuckSender(here) } })
    const end = ended(child)
    await expect.poll(() => existsSync(here.path('stuck')), { timeout: 20_000 }).toBe(true)
    child.kill(signal)
    expect(await end).toMatchObject({ code: signal === 'SIGINT' ? 130 : 143, err: 'syncline: interrupted\n' })
    expect(bench.received).toEqual([])
    expect(await bench.run('send', join(a, 'snaps/s1'), b)).toMatchObject({ code: 0 })
  })

  test.for<[what: string, argv: (bench: Bench) => readonly string[], code: number, says: string]>([
    ['no places', () => [], 2, 'the source is missing'],
    ['one place', ({ a }) => [a], 2, 'there is only one place'],
    ['a source that is not there', ({ a, b }) => [join(a, 'nope'), b], 6, 'nope is not there'],
    ['a relative source that is not there', ({ b }) => ['nope', b], 2, 'lies in no btrfs file system'],
    ['a pattern that nothing matches', ({ a, b }) => [join(a, 'snaps/x*'), b], 6, 'matches'],
    ['a source that can be written to', ({ a, b }) => [join(a, 'data'), b], 2, 'snapshot create'],
    ['a file that is no dump', ({ a, b }) => [join(a, 'data/s1'), b], 2, 'data/s1 is no dump'],
    ['a destination that is not btrfs', ({ a }) => [join(a, 'snaps'), '/proc'], 2, 'no btrfs file system'],
    ['a host without a name', ({ b }) => [':/a', b], 2, 'the host of :/a is empty'],
    ['a host that ssh would take for an option', ({ b }) => ['--', '-oProxyCommand=x:/a', b], 2, 'cannot be a host of ssh'],
    ['a pipeline with a hole', ({ a, b }) => ['-O', 'zstd | | gpg', join(a, 'snaps'), b], 2, 'lacks a command'],
    ['a pipeline that fails', ({ a, b }) => ['-O', 'false', join(a, 'snaps'), b], 3, 'false (exit code 1)'],
    ['a period that is none', ({ a, b }) => ['-t', 'often', a, b], 2, '--period'],
    ['a scope that is none', ({ a, b }) => ['--scope', 'some', a, b], 2, 'unknown value "some" of --scope'],
    ['an ending without a pipeline', ({ a, b }) => ['-e', '.gz', a, b], 2, '--pipeline'],
    ['JSON and dumps in one stream', ({ a, b }) => ['--json', '-O', 'cat', join(a, 'snaps'), b], 2, 'cannot both go'],
    ['dumps of a storage kept elsewhere', ({ a }) => ['-o', 'x', join(a, 'snaps'), 's3://bucket/x'], 2, 'no place for --output'],
  ])('refuses %s', async ([, argv, code, says], context) => {
    await using bench = await Bench.make(context, 's1')
    expect(await bench.run('send', ...argv(bench))).toMatchObject({ code, err: expect.stringContaining(says) })
    expect(bench.received).toEqual([])
  })
})

describe('snapshot create, list and prune', () => {
  const old = 'data.20250101T0000+0000'

  test('makes snapshots when something has changed, lists them, and deletes what no schedule keeps', async context => {
    await using bench = await Bench.make(context, old)
    const [data, snaps] = [join(bench.a, 'data'), join(bench.a, 'snaps')]
    expect((await bench.run('create', data, snaps, '--when', 'on-change')).out).toContain('it has not changed')
    writeFileSync(join(data, 'new'), 'new')
    expect((await bench.run('create', data, snaps, '--when', 'on-change', '-n')).out).toMatch(/^would make /)
    expect(readdirSync(snaps)).toEqual([old])
    expect((await bench.run('create', data, snaps, '--when', 'on-change')).out).toMatch(/^✓ .*\/snaps\/data\.\d{8}T\d{4}\+0000\n$/)
    const { lines } = await bench.json('list', snaps)
    expect(lines).toMatchObject([
      { type: 'subvolume', path: `snaps/${old}`, readonly: true },
      { type: 'subvolume' },
      { type: 'list_complete', count: 2 },
    ])
    expect((await bench.run('list', bench.a, '--all')).out).toMatch(/^writable +data$/m)

    expect(await bench.run('prune', snaps, '--keep', '7d')).toMatchObject({ code: 5, err: expect.stringContaining('add --yes') })
    expect((await bench.json('prune', snaps, '-k', '7d', '-n')).lines).toMatchObject([
      { type: 'delete', path: `snaps/${old}` },
      { type: 'plan_complete', deletes: 1 },
    ])
    expect(await bench.run('prune', snaps, join(bench.b, 'missing'), '-k', '7d', '-y')).toMatchObject({ code: 6 })
    expect(readdirSync(snaps)).toHaveLength(2)
    expect((await bench.json('prune', snaps, '-k', '7d', '-y')).lines.at(-1)).toMatchObject({ type: 'prune_complete', deleted: 1, kept: 1 })
    expect(readdirSync(snaps)).not.toContain(old)
  })

  test('what both sides have in common stays', async context => {
    await using bench = await Bench.make(context, old)
    const snaps = join(bench.a, 'snaps')
    expect(await bench.run('send', snaps, bench.b)).toMatchObject({ code: 0 })
    expect(await bench.run('create', join(bench.a, 'data'), snaps)).toMatchObject({ code: 0 })
    expect(await bench.run('prune', snaps, bench.b, '-k', '7d', '-K', '7d', '-y', '-v')).toMatchObject({
      code: 0,
      out: expect.stringContaining('the latest that'),
    })
    expect([readdirSync(snaps).length, bench.received]).toEqual([2, [old]])
  })

  test.for<[string, (bench: Bench) => readonly string[], number, string]>([
    ['create without a directory', ({ a }) => ['create', join(a, 'data')], 2, 'Usage: syncline snapshot create'],
    ['create of a directory', ({ a }) => ['create', join(a, 'snaps'), join(a, 'snaps')], 2, 'is no subvolume'],
    ['create on another file system', ({ a, b }) => ['create', join(a, 'data'), b], 2, 'does not lie where'],
    ['create at a URL', ({ a }) => ['create', join(a, 'data'), 's3://b/c'], 2, 'not at a URL'],
    ['create on demand of nobody', ({ a }) => ['create', join(a, 'data'), a, '--when', 'on-demand'], 2, '--destination'],
    ['prune by a schedule that is none', ({ a }) => ['prune', join(a, 'snaps'), '-k', '7x'], 2, '"7x" is no part of a schedule'],
    ['list of nothing', () => ['list'], 2, 'which place?'],
    ['list of what is not there', ({ a }) => ['list', join(a, 'nope')], 6, 'is not there'],
    ['verify of what is not there', () => ['verify', 'nope'], 6, 'nope'],
    ['restore to nowhere', () => ['restore', 'dumps'], 2, 'Usage: syncline snapshot restore'],
    ['inspect of what is no stream', ({ a }) => ['inspect', join(a, 'data/big')], 1, 'no send stream'],
  ])('refuses %s', async ([, argv, code, says], context) => {
    await using bench = await Bench.make(context)
    expect(await bench.run(...argv(bench))).toMatchObject({ code, err: expect.stringContaining(says) })
  })
})

test('snapshot verify and restore name what is damaged, and restore the rest', async context => {
  await using bench = await Bench.make(context, 's1')
  const { a, b, here } = bench
  writeFileSync(join(a, 'data', 'other'), 'other')
  expect(await bench.run('send', '-o', 'dumps', join(a, 'snaps'), b)).toMatchObject({ code: 0 })
  const dump = readdirSync(here.path('dumps')).find(name => name.endsWith('.btrfs')) ?? ''
  truncateSync(here.path('dumps', dump), 1000)
  const { code, lines } = await bench.json('verify', 'dumps')
  expect([code, lines.at(-1)]).toEqual([3, expect.objectContaining({ type: 'verify_complete', wrong: 1 })])
  expect(await bench.run('restore', 'dumps', b)).toMatchObject({ code: 3, err: expect.stringContaining(dump) })
  expect(bench.received).toEqual([])
})
