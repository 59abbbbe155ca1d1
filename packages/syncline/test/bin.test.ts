import { execFileSync, spawn } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bin, ended, printed, Workplace } from './bin.ts'

let here: Workplace
beforeEach(async () => {
  here = await Workplace.make()
  await mkdir(here.path('a'))
  await mkdir(here.path('b'))
})
afterEach(() => here.remove())

const write = (path: string, text = path): Promise<void> => writeFile(here.path(path), text)
const read = (path: string): Promise<string> => readFile(here.path(path), 'utf8')

describe('syncline', () => {
  test('keeps two directories the same, both ways', async () => {
    await write('a/x.txt', 'from a')
    await write('b/y.txt', 'from b')
    expect(await here.run('sync', 'a', 'b')).toMatchObject({ code: 0, err: '' })
    expect([await read('b/x.txt'), await read('a/y.txt')]).toEqual(['from a', 'from b'])
    await unlink(here.path('a/x.txt'))
    expect(await here.run('sync', 'a', 'b')).toMatchObject({ code: 0 })
    expect((await readdir(here.path('b'))).sort()).toEqual(['.syncline-trash', 'y.txt'])
    expect((await here.run('sync', 'a', 'b')).out).toMatch(/^✓ nothing to do: 1 path agrees/)
  })

  test('makes a destination that was never there', async () => {
    await write('a/x.txt', 'x')
    expect(await here.run('sync', 'a', 'new/b')).toMatchObject({ code: 0 })
    expect(await read('new/b/x.txt')).toBe('x')
  })

  test('a plan is applied from another directory', async () => {
    await write('a/x.txt', 'x')
    expect(await here.run('plan', 'a', 'b', '--state', 'own-state', '--out', 'p')).toMatchObject({ code: 0 })
    expect(await here.run('plan', 'a', 'b', '--state', 'own-state', '--out', 'p')).toMatchObject({ code: 0 })
    const child = spawn(process.execPath, [bin, 'apply', here.path('p')], {
      cwd: here.path('b'),
      env: { ...process.env, XDG_STATE_HOME: here.path('.state') },
    })
    expect(await ended(child)).toMatchObject({ code: 0 })
    expect(await read('b/x.txt')).toBe('x')
    expect(await readdir(here.path('own-state'))).toContain('sync_metadata.json')
  })

  test('finds the pair of the directory it is called in', async () => {
    await write('a/x.txt', 'x')
    await here.run('sync', 'a', 'b')
    await mkdir(here.path('c'))
    await here.run('sync', 'a/../c', 'b2')
    const child = spawn(process.execPath, [bin, 'state', 'show', '--json'], {
      cwd: here.path('b'),
      env: { ...process.env, XDG_STATE_HOME: here.path('.state') },
    })
    expect(JSON.parse((await ended(child)).out)).toMatchObject({ source: here.path('a'), destination: here.path('b') })
    const elsewhere = await here.run('status')
    expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining('it is not clear which pair is meant') })
  })

  test('prints JSON that ends with sync_complete', async () => {
    await write('a/x.txt', 'hello')
    const { out, err, code } = await here.run('sync', 'a', 'b', '--json')
    const last: unknown = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')
    expect(last).toMatchObject({ type: 'sync_complete', exitCode: 0, stats: { uploads: 1, bytes: 5 }, conflicts: [], failures: [] })
    expect([code, err]).toEqual([0, ''])
  })

  test('a reader that has seen enough is no failure', async () => {
    for (let i = 0; i < 3000; i++) await write(`a/a long enough name to fill the pipe ${i}`, '')
    const shell = spawn('bash', ['-o', 'pipefail', '-c', `"${process.execPath}" "${bin}" ls a --json | head -n 1`], { cwd: here.root })
    expect(await ended(shell)).toMatchObject({ code: 0, err: '' })
  })

  test.each(['--help', '--version', 'help', 'version'])('%s needs neither engine nor storage', async word => {
    // What is loaded only for a command lies in chunks: without them these still work.
    const { out } = await ended(spawn(process.execPath, ['--input-type=module', '-e', loadLog(word)]))
    expect(out).toContain('syncline')
    expect(out).not.toMatch(/LOADED (node:fs\/promises|node:crypto|node:worker_threads|node:child_process)/)
  })
})

/** Runs the command in this process and names the built-in modules that it loaded. */
function loadLog(word: string): string {
  return `process.argv.splice(1, process.argv.length, ${JSON.stringify(bin)}, ${JSON.stringify(word)})
const before = new Set(process.moduleLoadList)
process.on('exit', () => { for (const name of process.moduleLoadList) if (!before.has(name)) process.stdout.write('LOADED ' + name.replace('NativeModule ', 'node:') + '\\n') })
await import(${JSON.stringify(bin)})`
}

interface Trouble {
  readonly name: string
  readonly prepare?: () => Promise<unknown>
  readonly argv: readonly string[]
  readonly code: number
  readonly says: readonly string[]
}

describe('errors', () => {
  const troubles: readonly Trouble[] = [
    { name: 'a missing source', argv: ['sync', 'missing', 'b'], code: 6, says: ['/missing', 'nothing is there', 'Check the path'] },
    { name: 'a source that is a file', prepare: () => write('file'), argv: ['sync', 'file', 'b'], code: 6, says: ['/file', 'not a directory'] },
    { name: 'a destination that is a file', prepare: () => write('file'), argv: ['sync', 'a', 'file'], code: 6, says: ['/file', 'not a directory'] },
    { name: 'equal roots', argv: ['sync', 'a', './b/../a'], code: 2, says: ['source and destination are the same place'] },
    {
      name: 'equal roots behind a link',
      prepare: () => symlink('a', here.path('link')),
      argv: ['sync', 'a', 'link'],
      code: 2,
      says: ['source and destination are the same place'],
    },
    { name: 'nested roots', argv: ['sync', 'a', 'a/deeper'], code: 2, says: ['lies inside the source'] },
    {
      name: 'roots nested behind a link',
      prepare: () => symlink('a', here.path('link')),
      argv: ['sync', 'link/deeper', 'a'],
      code: 2,
      says: ['lies inside the destination'],
    },
    {
      name: 'an unknown mode',
      argv: ['sync', 'a', 'b', '--mode', 'two-ways'],
      code: 2,
      says: ['unknown value "two-ways" of --mode', 'Did you mean two-way?'],
    },
    {
      name: 'a missing ignore file',
      argv: ['sync', 'a', 'b', '--ignore-file', 'none'],
      code: 2,
      says: ['cannot read the ignore file none', 'Nothing was synced'],
    },
    {
      name: 'rules that are no text',
      prepare: () => writeFile(here.path('a/.syncignore'), Uint8Array.of(0x63, 0xe9, 0x0a)),
      argv: ['sync', 'a', 'b'],
      code: 2,
      says: ['.syncignore', 'not UTF-8', 'Nothing was changed'],
    },
    { name: 'a state in what is synced', argv: ['sync', 'a', 'b', '--state', 'a/state'], code: 2, says: ['the state', 'lies inside the source'] },
    {
      name: 'a broken plan',
      prepare: () => write('p', 'nonsense'),
      argv: ['apply', 'p'],
      code: 2,
      says: ['the plan p cannot be used', 'Make it again'],
    },
    { name: 'a plan that cannot be written', argv: ['plan', 'a', 'b', '--out', 'none/p'], code: 2, says: ['cannot write none/p', 'ENOENT'] },
    { name: 'a storage that nobody brings', argv: ['sync', 'a', 'dav://host/x'], code: 2, says: ['no storage for "dav:"', 'syncline-plugin-dav'] },
    { name: 'a password in a URL', argv: ['sync', 'a', 'sftp://ana:hunter2@host/x'], code: 2, says: ['holds a password'] },
    { name: 'an unknown command', argv: ['snyc', 'a', 'b'], code: 2, says: ['Did you mean syncline sync?'] },
  ]

  test.each(troubles)('$name: exit $code', async ({ prepare, argv, code, says }) => {
    await write('a/kept.txt', 'kept')
    await prepare?.()
    const before = await readdir(here.path('b'))
    const result = await here.run(...argv)
    expect(result.err).toMatch(/^syncline: /)
    for (const text of says) expect(result.err).toContain(text)
    expect([result.code, result.out]).toEqual([code, ''])
    expect(result.err).not.toMatch(/\n\s+at |hunter2/)
    expect(await readdir(here.path('b'))).toEqual(before)
    expect(await read('a/kept.txt')).toBe('kept')
  })

  test.each(['sync_metadata.json', 'source_tree.json', 'destination_tree.json'])('a damaged %s is told of, and deletes nothing', async file => {
    await write('a/x.txt', 'x')
    await write('a/y.txt', 'y')
    await here.run('sync', 'a', 'b')
    const state = (await here.run('state', 'path', 'a', 'b')).out.trim()
    await truncate(`${state}/${file}`, 10)
    await unlink(here.path('a/x.txt'))
    const { code, out } = await here.run('sync', 'a', 'b')
    expect(code).toBe(0)
    expect(out).toContain(`${file} of the state at ${state} is damaged`)
    expect(await read('a/x.txt')).toBe('x')
  })

  test('two runs at once: the second is 7 and names the first', async () => {
    await write('a/big', 'x'.repeat(400_000))
    const first = here.start(['sync', 'a', 'b', '--json', '--bwlimit', '100K'])
    const firstEnd = ended(first)
    await printed(first, 'upload_start')
    const second = await here.run('sync', 'a', 'b')
    expect(second).toMatchObject({ code: 7, out: '' })
    expect(second.err).toContain(`another run has this pair: process ${first.pid} on `)
    first.kill('SIGKILL')
    await firstEnd
    expect(await here.run('sync', 'a', 'b')).toMatchObject({ code: 0 })
    expect((await read('b/big')).length).toBe(400_000)
  })

  const isRoot = process.getuid?.() === 0

  test.skipIf(!isRoot)('a full disk is 3, names what is missing, and the next run goes on [needs root to mount a small disk]', async ({ skip }) => {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', here.path('b')], { stdio: 'pipe' })
    } catch (error) {
      return skip(`a small disk cannot be mounted here: ${String(error).split('\n')[1] ?? ''}`)
    }
    try {
      await write('a/small', 'x')
      await write('a/too big', 'x'.repeat(1_000_000))
      const refused = await here.run('sync', 'a', 'b')
      expect(refused).toMatchObject({ code: 5, out: expect.stringContaining('add --ignore-space') })
      const { code, out } = await here.run('sync', 'a', 'b', '--ignore-space')
      expect(code).toBe(3)
      expect(out).toContain('too big')
      expect(out).toContain('There is no space left')
      expect(await read('b/small')).toBe('x')
      expect((await readdir(here.path('b'))).sort()).toEqual(['small'])
      execFileSync('mount', ['-o', 'remount,size=4m', here.path('b')])
      expect(await here.run('sync', 'a', 'b')).toMatchObject({ code: 0 })
    } finally {
      execFileSync('umount', [here.path('b')])
    }
  })

  test('no permission is 6 for a root and 3 for a path, and deletes nothing', async () => {
    await chmod(here.root, 0o777)
    await mkdir(here.path('a/closed'))
    await write('a/closed/x.txt', 'x')
    await write('a/open.txt', 'x')
    for (const place of ['a', 'a/closed', 'b']) await chmod(here.path(place), 0o777)
    // As root nothing is forbidden, so the command runs as somebody else.
    const as = isRoot ? { uid: 65_534 } : {}
    expect(await ended(here.start(['sync', 'a', 'b'], as))).toMatchObject({ code: 0 })
    await chmod(here.path('a/closed'), 0)
    const partial = await ended(here.start(['sync', 'a', 'b'], as))
    expect(partial).toMatchObject({ code: 3, out: expect.stringContaining('source closed') })
    expect(await read('b/closed/x.txt')).toBe('x')
    await chmod(here.path('a'), 0)
    const refused = await ended(here.start(['sync', 'a', 'b'], as))
    await chmod(here.path('a'), 0o777)
    await chmod(here.path('a/closed'), 0o777)
    expect(refused).toMatchObject({ code: 6, err: expect.stringContaining('Check who may read') })
    expect(await read('b/open.txt')).toBe('x')
  })

  test('a vanished source is refused with the option that allows it', async () => {
    await write('a/x.txt', 'x')
    await here.run('sync', 'a', 'b')
    await rm(here.path('a'), { recursive: true })
    const { code, out } = await here.run('sync', 'a', 'b')
    expect(code).toBe(5)
    expect(out).toContain('does not exist any more')
    expect(out).toContain('--allow-empty')
    expect(await read('b/x.txt')).toBe('x')
  })
})

describe('interrupts', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s lets the running files finish, keeps what was done, and is %i', async (signal, code) => {
    for (let i = 0; i < 6; i++) await write(`a/file ${i}`, 'x'.repeat(150_000))
    const child = here.start(['sync', 'a', 'b', '--json', '--bwlimit', '300K', '--transfers', '1'])
    const end = ended(child)
    await printed(child, 'upload_complete')
    child.kill(signal)
    const { code: exitCode, out } = await end
    expect(exitCode).toBe(code)
    const last = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as { exitCode: number; stats: { uploads: number } }
    expect(last.exitCode).toBe(code)
    expect(last.stats.uploads).toBeGreaterThan(0)
    expect(last.stats.uploads).toBeLessThan(6)
    const done = (await readdir(here.path('b'))).filter(name => !name.startsWith('.syncline'))
    expect(done).toHaveLength(last.stats.uploads)
    const next = await here.run('sync', 'a', 'b', '--json')
    expect(JSON.parse(next.out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      exitCode: 0,
      stats: { uploads: 6 - last.stats.uploads, downloads: 0 },
      conflicts: [],
    })
  })

  test('a second SIGINT ends it at once, and the next run repairs', async () => {
    await write('a/big', 'x'.repeat(2_000_000))
    const child = here.start(['sync', 'a', 'b', '--json', '--bwlimit', '50K'])
    const end = ended(child)
    await printed(child, 'upload_start')
    child.kill('SIGINT')
    await printed(child, 'stopping after the running files', 'stderr')
    child.kill('SIGINT')
    expect(await end).toMatchObject({ code: 130 })
    expect(await here.run('sync', 'a', 'b')).toMatchObject({ code: 0 })
    expect((await read('b/big')).length).toBe(2_000_000)
    expect(await readdir(here.path('b'))).toEqual(['big'])
  })

  test('SIGTERM before anything is changed says so', async () => {
    for (let i = 0; i < 200; i++) await write(`a/${i}`, 'x'.repeat(5000))
    const child = here.start(['sync', 'a', 'b', '--json', '--compare', 'hash-only'])
    const end = ended(child)
    await printed(child, 'scan_start')
    child.kill('SIGTERM')
    const { code, err, out } = await end
    // The scan may have ended before the signal came; either way the code is the same.
    expect(code).toBe(143)
    if (!out.includes('sync_start')) expect(err).toContain('interrupted; nothing was changed')
  })
})

test('the demonstration runs to its end and leaves nothing behind', async () => {
  await mkdir(here.path('tmp'))
  const demo = spawn(process.execPath, [bin.replace('bin.js', 'demo.js')], { env: { ...process.env, TMPDIR: here.path('tmp'), LANG: 'C.UTF-8' } })
  const { code, out, err } = await ended(demo)
  expect([code, err]).toEqual([0, ''])
  for (const text of ['renamed at the source', 'conflict', 'nothing to do', 'both sides agree']) expect(out).toContain(text)
  expect(await readdir(here.path('tmp'))).toEqual([])
})

describe('families of commands', () => {
  const install = async (name: string, commands: string): Promise<void> => {
    await mkdir(here.path('node_modules', name), { recursive: true })
    const manifest = { name, type: 'module', exports: { './commands': './commands.js' } }
    await writeFile(here.path('node_modules', name, 'package.json'), JSON.stringify(manifest))
    await writeFile(here.path('node_modules', name, 'commands.js'), commands)
  }
  const hello = `export const families = [{ name: 'greet', summary: 'Greets', commands: { hello: {
    summary: 'Says hello', usage: ['NAME'], details: [], examples: [], options: { loud: { short: 'l', text: 'Louder' } },
    run: async call => (call.print('hello ' + call.operands[0] + (call.options.has('loud') ? '!' : '')), call.json({ type: 'hello' }), 0)
  } } }]`

  test("come from packages of the user's project", async () => {
    await install('syncline-plugin-greet', hello)
    expect(await here.run('greet', 'hello', '-l', 'Ana')).toEqual({ code: 0, signal: null, out: 'hello Ana!\n', err: '' })
    expect((await here.run('greet', 'hello', 'Ana', '--json')).out).toBe('{"type":"hello"}\n')
    expect((await here.run('help', 'greet', 'hello')).out).toContain('-l, --loud')
    expect(await here.run('greet', 'helo')).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean syncline greet hello?') })
  })

  test("the project's package comes before the one beside the program", async () => {
    await install('@syncline/btrfs', hello.replace("'greet'", "'snapshot'"))
    expect((await here.run('snapshot', 'hello', 'Ana')).out).toBe('hello Ana\n')
  })

  test('what fails inside of a package is told, and what is missing is named', async () => {
    await install('syncline-plugin-greet', `import 'a-package-that-nobody-has'`)
    expect(await here.run('greet', 'hello')).toMatchObject({ code: 1, err: expect.stringContaining('a-package-that-nobody-has') })
    await install('syncline-plugin-greet', 'export const families = 7')
    expect(await here.run('greet', 'hello')).toMatchObject({ code: 2, err: expect.stringContaining('brings no commands "greet"') })
    expect(await here.run('nothing-like-that')).toMatchObject({ code: 2, err: expect.stringContaining('unknown command') })
  })

  test('are listed and completed', async () => {
    expect((await here.run('--help')).out).toMatch(/Families of commands\n {2}snapshot COMMAND {2}/)
    expect((await here.run('completion', 'bash')).out).toContain("'snapshot send'")
  })
})
