import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { ended, Workplace, type Ended } from './bin.ts'

const module = fileURLToPath(new URL('../../../examples/wiki-objects/wiki.mjs', import.meta.url))

/** A wiki, as the example keeps it, and the command. */
class Wiki {
  readonly here: Workplace
  private constructor(here: Workplace) {
    this.here = here
  }

  static async make(pages: Readonly<Record<string, string>>): Promise<Wiki> {
    const wiki = new Wiki(await Workplace.make())
    onTestFinished(() => wiki.here.remove())
    wiki.edit(pages)
    return wiki
  }

  /** Somebody else changes the wiki: its pages are these. */
  edit(pages: Readonly<Record<string, string>>): void {
    const all = Object.entries(pages).map(([key, text]) => [key, { $class: 'wiki.Page', tags: [], text }])
    writeFileSync(this.here.path('wiki.json'), JSON.stringify(Object.fromEntries(all)))
  }

  get pages(): Readonly<Record<string, string>> {
    const wiki = JSON.parse(readFileSync(this.here.path('wiki.json'), 'utf8')) as Record<string, { text: string }>
    return Object.fromEntries(Object.entries(wiki).map(([key, { text }]) => [key, text]))
  }

  file(path: string): string {
    return this.here.path('work', ...path.split('/'))
  }

  /** `syncline objects ...` */
  run(...argv: readonly string[]): Promise<Ended> {
    return ended(this.start(...argv))
  }

  start(...argv: readonly string[]): ReturnType<Workplace['start']> {
    return this.here.start(['objects', ...argv], { env: { WIKI: this.here.path('wiki.json') } })
  }

  /** The same, with the module. */
  with(command: string, ...argv: readonly string[]): Promise<Ended> {
    return this.run(command, '-m', module, ...argv)
  }
}

const lines = (...words: readonly string[]): string => words.map(word => `${word}\n`).join('')

test('objects are checked out, edited, merged and committed', { timeout: 120_000 }, async () => {
  const wiki = await Wiki.make({ home: lines('1', '2', '3'), old: 'old\n' })
  expect(await wiki.with('checkout', 'work')).toMatchObject({ code: 0, out: 'N wiki/\nU wiki/home\nU wiki/old\n', err: '' })
  expect(await wiki.run('status', 'work')).toMatchObject({ code: 0, out: '', err: '' })

  writeFileSync(wiki.file('wiki/home'), lines('1 mine', '2', '3'))
  writeFileSync(wiki.file('wiki/news'), 'news\n')
  expect(await wiki.run('add', 'work', 'wiki/news', '--factory', 'wiki.Page')).toMatchObject({ code: 0, out: 'A wiki/news\n' })
  expect(await wiki.run('mkdir', 'work', 'wiki/recipes', '-f', '__builtin__.dict')).toMatchObject({ code: 0, out: 'A wiki/recipes\n' })
  expect(await wiki.run('copy', 'work', 'wiki/home', 'wiki/recipes/soup')).toMatchObject({ code: 0, out: 'A wiki/recipes/soup\n' })
  expect(await wiki.run('remove', 'work', 'wiki/old')).toMatchObject({ code: 0, out: 'R wiki/old\n' })
  const status = 'M wiki/home\nA wiki/news\nR wiki/old\nA wiki/recipes/\nA wiki/recipes/soup\n'
  expect(await wiki.run('status', 'work')).toMatchObject({ code: 0, out: status })
  expect((await wiki.run('diff', 'work')).out).toContain('-1\n+1 mine\n 2\n 3\n')

  wiki.edit({ home: lines('1', '2', '3 theirs'), old: 'old\n' })
  const refused = await wiki.with('commit', 'work')
  expect([refused.code, refused.out, refused.err]).toEqual([5, '', expect.stringContaining('has not: wiki/home; update first')])
  expect(await wiki.with('update', 'work')).toMatchObject({ code: 0, out: status })
  const planned = await wiki.with('commit', 'work', '--dry-run')
  expect([planned.code, planned.out]).toEqual([0, expect.stringContaining('update wiki/home: the bodies differ\n')])
  expect(wiki.pages['home']).toBe(lines('1', '2', '3 theirs'))
  expect(await wiki.with('commit', 'work')).toMatchObject({ code: 0, out: expect.stringContaining('committed 5 changes\n') as string, err: '' })
  expect(wiki.pages).toMatchObject({ home: lines('1 mine', '2', '3 theirs'), news: 'news\n' })
  expect(wiki.pages).not.toHaveProperty('old')
  expect(await wiki.run('status', 'work')).toMatchObject({ code: 0, out: '' })
})

test('a conflict has an exit code of its own, and ends by editing or by taking a version', { timeout: 120_000 }, async () => {
  const wiki = await Wiki.make({ a: '0\n', b: '0\n' })
  await wiki.with('checkout', 'work')
  for (const name of ['a', 'b']) writeFileSync(wiki.file(`wiki/${name}`), 'mine\n')
  wiki.edit({ a: 'theirs\n' })
  const update = await wiki.with('update', 'work')
  expect([update.code, update.out]).toEqual([4, 'C wiki/a: changed on both sides\nC wiki/b: removed from the repository, changed here\n'])
  expect(await wiki.run('status', 'work')).toMatchObject({
    code: 4,
    out: 'C wiki/a: both versions are in the file\nC wiki/b: not merged; choose --ours or --theirs\n',
  })
  expect((await wiki.with('commit', 'work')).code).toBe(5)
  writeFileSync(wiki.file('wiki/a'), 'both\n')
  expect(await wiki.run('resolve', 'work', 'wiki/a')).toMatchObject({ code: 0, out: 'resolved wiki/a\n' })
  const unmerged = await wiki.run('resolve', 'work', 'wiki/b')
  expect([unmerged.code, unmerged.err]).toEqual([2, expect.stringContaining('say whose version counts')])
  expect(await wiki.with('resolve', '--theirs', 'work', 'wiki/b')).toMatchObject({
    code: 0,
    out: 'resolved wiki/b; what it was is in wiki/@@Zope/Saved/b\n',
  })
  expect([existsSync(wiki.file('wiki/b')), readFileSync(wiki.file('wiki/@@Zope/Saved/b'), 'utf8')]).toEqual([false, 'mine\n'])
  expect(await wiki.with('commit', 'work')).toMatchObject({ code: 0 })
  expect(wiki.pages).toEqual({ a: 'both\n' })
})

test('after kill -9 in the middle of an update, the next one ends with the same files', { timeout: 120_000 }, async () => {
  const names = Array.from({ length: 200 }, (_, i) => `page${i}`)
  const pages = (line: string): Readonly<Record<string, string>> => Object.fromEntries(names.map(name => [name, lines(name, '2', '3', line)]))
  const wiki = await Wiki.make(pages('4'))
  await wiki.with('checkout', 'fresh')
  for (const name of names.slice(0, 100)) writeFileSync(wiki.here.path('fresh', 'wiki', name), lines(`${name} mine`, '2', '3', '4'))
  for (const name of names.slice(100, 110)) writeFileSync(wiki.here.path('fresh', 'wiki', name), lines(name, '2', '3', 'mine'))
  wiki.edit(pages('theirs'))
  const tree = (): Record<string, string> => Object.fromEntries(names.map(name => [name, readFileSync(wiki.file(`wiki/${name}`), 'utf8')]))
  const renew = (): void => {
    rmSync(wiki.here.path('work'), { recursive: true, force: true })
    cpSync(wiki.here.path('fresh'), wiki.here.path('work'), { recursive: true })
  }
  renew()
  expect((await wiki.with('update', 'work')).code).toBe(4)
  const [expected, status] = [tree(), (await wiki.run('status', 'work')).out]
  expect(expected).toMatchObject({ page0: lines('page0 mine', '2', '3', 'theirs'), page150: lines('page150', '2', '3', 'theirs') })
  expect(expected['page105']).toContain('<<<<<<< working copy: wiki/page105\nmine\n=======\ntheirs\n')
  for (const at of ['page0', 'page50', 'page105', 'page150']) {
    renew()
    const update = wiki.start('update', '-m', module, 'work')
    // Killed when it has come to this page.
    while (update.exitCode === null && readFileSync(wiki.file(`wiki/@@Zope/Original/${at}`), 'utf8') === lines(at, '2', '3', '4'))
      await new Promise(resolve => setTimeout(resolve, 1))
    update.kill('SIGKILL')
    await ended(update)
    expect((await wiki.with('update', 'work')).code).toBe(4)
    expect({ at, files: tree(), status: (await wiki.run('status', 'work')).out }).toEqual({ at, files: expected, status })
  }
})

test('--json gives one object a line, the last one with the counts', { timeout: 120_000 }, async () => {
  const wiki = await Wiki.make({ a: '0\n' })
  await wiki.with('checkout', 'work')
  writeFileSync(wiki.file('wiki/a'), 'mine\n')
  const parse = ({ out }: Ended): unknown[] =>
    out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as unknown)
  expect(parse(await wiki.run('status', 'work', '--json'))).toEqual([
    { type: 'item', letter: 'M', path: 'wiki/a', kind: 'file', state: 'modified' },
    { type: 'status_complete', unchanged: 1, modified: 1 },
  ])
  expect(parse(await wiki.with('commit', 'work', '--json'))).toEqual([
    { type: 'item', action: 'update', path: 'wiki/a', key: 'a', part: 'body', reason: 'the bodies differ' },
    { type: 'commit_complete', changes: 1, failures: [] },
  ])
  wiki.edit({ a: 'theirs\n' })
  expect(parse(await wiki.with('update', 'work', '--json', '--dry-run'))).toEqual([
    { type: 'item', letter: 'U', path: 'wiki/a', kind: 'file', action: 'copy', state: 'uptodate', reason: 'changed in the repository' },
    { type: 'update_plan_complete', uptodate: 2, failures: [], skipped: [] },
  ])
})

test('revert brings files back and keeps what it replaces; remove refuses what is nowhere else', { timeout: 120_000 }, async () => {
  const wiki = await Wiki.make({ a: '0\n' })
  await wiki.with('checkout', 'work')
  writeFileSync(wiki.file('wiki/a'), 'mine\n')
  const refused = await wiki.run('remove', 'work', 'wiki/a')
  expect([refused.code, refused.err]).toEqual([5, expect.stringContaining('wiki/a (modified)')])
  expect(await wiki.run('revert', 'work', 'wiki/a')).toMatchObject({ code: 0, out: 'reverted wiki/a; what it was is in wiki/@@Zope/Saved/a\n' })
  expect(readFileSync(wiki.file('wiki/a'), 'utf8')).toBe('0\n')
})

test('bad input is answered with what was wrong and what to do, and touches nothing', { timeout: 120_000 }, async () => {
  const wiki = await Wiki.make({ a: '0\n' })
  await wiki.with('checkout', 'work')
  mkdirSync(wiki.here.path('other'))
  writeFileSync(wiki.here.path('bad.mjs'), 'export const space = {}\nexport const root = new Map()\n')
  writeFileSync(wiki.here.path('broken.mjs'), 'export const = 1\n')
  const cases: readonly (readonly [argv: readonly string[], message: string])[] = [
    [['status', 'other'], 'is no working copy'],
    [['update', 'work'], 'nothing says where they are'],
    [['update', '-m', 'missing.mjs', 'work'], 'checked out from'],
    [['update', '-m', 'missing.mjs', '--moved', 'work'], 'there is no module missing.mjs'],
    [['checkout', '-m', 'bad.mjs', 'new'], 'its space is no ObjectSpace'],
    [['checkout', '-m', 'broken.mjs', 'new'], 'could not be loaded'],
    [['checkout', '-m', module, 'work'], 'is a working copy already'],
    [['add', 'work', 'wiki/none'], 'does not exist'],
    [['add', 'work', '../x'], 'is no path in a working copy'],
    [['add', 'work', 'x'], 'lies beside the object'],
    [['remove', 'work', 'wiki/none'], 'nothing is known about wiki/none'],
    [['copy', 'work', 'wiki/a'], 'two paths'],
    [['resolve', 'work'], 'takes a working copy and paths'],
    [['resolve', '--ours', '--theirs', '-m', module, 'work', 'wiki/a'], 'both given'],
    [['diff', 'work', '-U', 'x'], 'must be a number of lines'],
    [['commit', '-m', module, 'work', 'wiki/a'], 'paths were given'],
  ]
  for (const [argv, message] of cases) {
    const { code, err } = await wiki.run(...argv)
    expect({ argv, code, err }).toEqual({ argv, code: 2, err: expect.stringContaining(message) as string })
  }
  expect(await wiki.with('status', 'work')).toMatchObject({ code: 2 })
  expect(await wiki.run('status', 'work')).toMatchObject({ code: 0, out: '' })
})

test('a module that fails is named, and a save that fails leaves the working copy as it was', { timeout: 120_000 }, async () => {
  const wiki = await Wiki.make({ a: '0\n' })
  await wiki.with('checkout', 'work')
  writeFileSync(wiki.here.path('wiki.json'), '{"a": ')
  const unreadable = await wiki.with('update', 'work')
  expect([unreadable.code, unreadable.err]).toEqual([1, expect.stringContaining('wiki.mjs could not give its root: ')])
  wiki.edit({ a: '0\n' })
  writeFileSync(wiki.file('wiki/a'), 'mine\n')
  mkdirSync(wiki.here.path('wiki.json.new'))
  const unsaved = await wiki.with('commit', 'work')
  expect([unsaved.code, unsaved.err]).toEqual([1, expect.stringContaining('the objects could not be saved: EISDIR')])
  expect(await wiki.run('status', 'work')).toMatchObject({ code: 0, out: 'M wiki/a\n' })
  rmSync(wiki.here.path('wiki.json.new'), { recursive: true })
  expect((await wiki.with('commit', 'work')).code).toBe(0)
  expect(wiki.pages).toEqual({ a: 'mine\n' })
})

test('a working copy whose metadata are damaged is reported, and nothing is done', { timeout: 120_000 }, async () => {
  const wiki = await Wiki.make({ a: '0\n' })
  await wiki.with('checkout', 'work')
  writeFileSync(wiki.file('wiki/@@Zope/Entries.xml'), '<entries')
  for (const argv of [
    ['status', 'work'],
    ['update', '-m', module, 'work'],
    ['commit', '-m', module, 'work'],
  ]) {
    const { code, err } = await wiki.run(...argv)
    expect([code, err]).toEqual([1, expect.stringContaining('wiki/@@Zope/Entries.xml, line 1')])
  }
  rmSync(wiki.file('wiki/@@Zope/Entries.xml'))
  // Without the list nothing is registered, so nothing is overwritten.
  expect((await wiki.with('update', 'work')).code).toBe(0)
  expect(await wiki.run('status', 'work')).toMatchObject({ code: 0, out: '' })
})
