import { spawn } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { collectText } from '@syncline/core'
import { bytes, contents, directory, errorOf, fill, isRoot, listPaths, unprivileged } from '../test/fixture.ts'
import { fs } from './fs.ts'

describe('write', () => {
  test.runIf(process.platform === 'linux')('says that a root cannot be made where the system makes none, and does not try for ever', async () => {
    await expect(fs('/proc/nothing/here').write('f', bytes('x'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('makes missing parents and the root, and returns what is there', async () => {
    const root = join(directory(), 'new/root')
    const storage = fs(root)
    const entry = await storage.write('a/b/c', bytes('one', 'two'), { size: 6, modified: 1_600_000_000_123.457, mode: 0o604 })
    expect(contents(root)).toEqual({ 'a/': '', 'a/b/': '', 'a/b/c': 'onetwo' })
    expect(entry).toEqual(await storage.stat('a/b/c'))
    expect(entry).toMatchObject({ kind: 'file', size: 6, mode: 0o604 })
    expect(entry.modified).toBeCloseTo(1_600_000_000_123.457, 3)
  })

  test.each([-86_400_000.001, 0, 999.999, 1_234_567_890_123.001, 1_700_000_000_000.999, 4_102_444_800_000.5])(
    'keeps the time %d to a microsecond',
    async modified => {
      const entry = await fs(directory()).write('f', bytes('x'), { modified })
      expect(Math.abs((entry.modified as number) - modified)).toBeLessThan(0.001)
    },
  )

  test('replaces a file, whose mode stays when none is given', async () => {
    const root = directory()
    fill(root, { f: 'old' })
    chmodSync(join(root, 'f'), 0o600)
    await fs(root).write('f', bytes('new'))
    expect(contents(root)).toEqual({ f: 'new' })
    expect(lstatSync(join(root, 'f')).mode & 0o7777).toBe(0o600)
  })

  test.runIf(isRoot)("keeps the owner of a user's file that an administrator replaces", async () => {
    const root = directory()
    await unprivileged(async () => fill(root, { f: 'old' }))
    await fs(root).write('f', bytes('new'), { mode: 0o4755 })
    expect(lstatSync(join(root, 'f'))).toMatchObject({ uid: 65534, mode: 0o104755 })
  })

  test.each<[string, number]>([
    ['more', 2],
    ['fewer', 4],
  ])('rejects content with %s bytes than announced and changes nothing', async (_, size) => {
    const root = directory()
    fill(root, { f: 'old' })
    await expect(fs(root).write('f', bytes('n', 'ew'), { size })).rejects.toMatchObject({ code: 'CORRUPT', path: 'f' })
    await expect(fs(root).write('g', bytes('n', 'ew'), { size })).rejects.toMatchObject({ code: 'CORRUPT', path: 'g' })
    expect(contents(root)).toEqual({ f: 'old' })
  })

  test("rejects with the content's own error and leaves no temporary", async () => {
    const root = directory()
    fill(root, { f: 'old' })
    const failure = new Error('lost')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100_000)
      throw failure
    }
    await expect(fs(root).write('f', failing())).rejects.toBe(failure)
    expect(contents(root)).toEqual({ f: 'old' })
  })

  test('an abort ends a wait for content that never comes', async () => {
    const root = directory()
    const controller = new AbortController()
    const reason = new Error('enough')
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x')
      setTimeout(() => controller.abort(reason), 5)
      await new Promise(() => undefined)
    }
    await expect(fs(root).write('f', hanging(), { signal: controller.signal })).rejects.toBe(reason)
    expect(contents(root)).toEqual({})
  })

  test('shows the old file until the new one is complete', async () => {
    const root = directory()
    fill(root, { f: 'old' })
    const storage = fs(root)
    const seen: string[] = []
    async function* watching(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('ne')
      seen.push(readFileSync(join(root, 'f'), 'utf8'), ...(await listPaths(storage)))
      expect(readdirSync(root)).toHaveLength(2)
      yield Buffer.from('w')
    }
    await storage.write('f', watching())
    expect(seen).toEqual(['old', 'f'])
    expect(contents(root)).toEqual({ f: 'new' })
  })

  test('with ifNoneMatch never replaces, not even what appears while the content comes', async () => {
    const root = directory()
    const storage = fs(root)
    async function* racing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('mine')
      writeFileSync(join(root, 'f'), 'theirs')
    }
    await expect(storage.write('f', racing(), { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', path: 'f' })
    await expect(storage.write('f', bytes('x'), { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', path: 'f' })
    await storage.write('g', bytes('x'), { ifNoneMatch: '*' })
    expect(contents(root)).toEqual({ f: 'theirs', g: 'x' })
    expect(lstatSync(join(root, 'g')).nlink).toBe(1)
  })

  test('of many create-only writes at once exactly one succeeds', async () => {
    const root = directory()
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => fs(root).write('f', bytes(`${index}`), { ifNoneMatch: '*' })))
    const won = results.findIndex(result => result.status === 'fulfilled')
    expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(1)
    expect(contents(root)).toEqual({ f: `${won}` })
  })

  test('with ifMatch replaces only that version, also if it changes while the content comes', async () => {
    const root = directory()
    const storage = fs(root)
    const first = await storage.write('f', bytes('one'))
    const ifMatch = first.etag as string
    async function* racing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('mine')
      writeFileSync(join(root, 'f'), 'two')
    }
    await expect(storage.write('f', racing(), { ifMatch })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', path: 'f' })
    expect(contents(root)).toEqual({ f: 'two' })
    await expect(storage.write('none', bytes('x'), { ifMatch })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
    const second = await storage.stat('f')
    await storage.write('f', bytes('three'), second?.kind === 'file' && second.etag !== undefined ? { ifMatch: second.etag } : {})
    expect(contents(root)).toEqual({ f: 'three' })
  })

  test('a file changed in place with the same size and time gets another etag', async () => {
    const root = directory()
    const storage = fs(root)
    const before = await storage.write('f', bytes('one'), { modified: 1e12 })
    writeFileSync(join(root, 'f'), 'two')
    utimesSync(join(root, 'f'), 1e9, 1e9)
    const after = await storage.stat('f')
    expect(after).toMatchObject({ size: before.size, modified: before.modified, id: before.id })
    expect(after).not.toMatchObject({ etag: before.etag })
  })

  test('two versions of a file written quickly one after the other differ in their etag', async () => {
    const storage = fs(directory())
    const etags: (string | undefined)[] = []
    for (let i = 0; i < 500; i++) etags.push((await storage.write('f', bytes(`${i % 10}`), { modified: 1e12 })).etag)
    etags.forEach((etag, index) => expect(etag).not.toBe(etags[index + 1]))
  })

  test('rejects where a directory is, or a file on the way', async () => {
    const root = directory()
    fill(root, { 'd/x': '', f: '' })
    await expect(fs(root).write('d', bytes('x'))).rejects.toMatchObject({ code: 'IS_A_DIRECTORY', path: 'd' })
    await expect(fs(root).write('', bytes('x'))).rejects.toMatchObject({ code: 'IS_A_DIRECTORY', path: '' })
    await expect(fs(root).write('f/x/y', bytes('x'))).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY', path: 'f/x/y' })
    expect(contents(root)).toEqual({ 'd/': '', 'd/x': '', f: '' })
  })

  test('says what was tried, where, and what to do', async () => {
    const root = directory()
    mkdirSync(join(root, 'd'))
    chmodSync(join(root, 'd'), 0o555)
    const error = await unprivileged(() => errorOf(fs(root).write('d/f', bytes('x'))))
    expect(error).toMatchObject({ code: 'PERMISSION_DENIED', path: 'd/f' })
    expect(error.message).toBe(
      `could not write "d/f" in ${root}: permission denied (EACCES); check the owner and mode of the path and of the directories above it`,
    )
  })

  test.each(['../f', '/f', 'a//b', 'a/./b', 'a\0b', '\ud800', '.syncline-tmp-x', 'a/.syncline-tmp-0-0/b'])('refuses the path %j', async path => {
    const root = directory()
    for (const call of [fs(root).write(path, bytes('x')), fs(root).remove(path), fs(root).stat(path), fs(root).makeDirectory?.(path)]) {
      await expect(call).rejects.toMatchObject({ code: 'INVALID_PATH', path })
    }
    expect(contents(root)).toEqual({})
  })

  test.each(['new\nline', `'"\``, '😀', '-rf', ' ', '*', '\\', 'é', 'e\u0301', 'a:b', '%2e', '...', '\u0001', 'x'.repeat(255), '名'.repeat(85)])(
    'keeps the name %j',
    async name => {
      const root = directory()
      const storage = fs(root)
      await storage.write(`${name}/${name}`, bytes('x'))
      expect(await listPaths(storage)).toEqual([`${name}/`, `${name}/${name}`])
      expect(await collectText(storage.read(`${name}/${name}`))).toBe('x')
      await storage.remove(`${name}/${name}`)
      await storage.remove(name)
      expect(contents(root)).toEqual({})
    },
  )

  test('a name that is too long is an invalid path', async () => {
    await expect(fs(directory()).write('x'.repeat(256), bytes('x'))).rejects.toMatchObject({ code: 'INVALID_PATH' })
  })

  test('with fsync works the same', async () => {
    const root = directory()
    await fs(root, { fsync: true }).write('a/b', bytes('x'))
    expect(contents(root)).toEqual({ 'a/': '', 'a/b': 'x' })
  })
})

describe('a full disk', () => {
  test.runIf(isRoot)('rejects with NO_SPACE and leaves the old file and no temporary', async context => {
    const root = directory()
    const { execFileSync } = await import('node:child_process')
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', root], { stdio: 'pipe' })
    } catch {
      context.skip('cannot mount a small tmpfs here')
    }
    try {
      const storage = fs(root)
      await storage.write('f', bytes('old'))
      await expect(storage.write('f', bytes('x'.repeat(50_000), 'y'.repeat(1_000_000)))).rejects.toMatchObject({ code: 'NO_SPACE', path: 'f' })
      expect(contents(root)).toEqual({ f: 'old' })
      const source = directory()
      fill(source, { f: 'n'.repeat(500_000), g: 'n'.repeat(3_000_000) })
      const outcomes = await storage.transferFrom?.(fs(source), [
        { from: 'f', to: 'f', size: 500_000 },
        { from: 'g', to: 'g', size: 3_000_000 },
      ])
      expect(outcomes).toMatchObject([{ error: { code: 'NO_SPACE', path: 'f' } }, { error: { code: 'NO_SPACE', path: 'g' } }])
      expect(contents(root)).toEqual({ f: 'old' })
      expect(await storage.freeSpace?.()).toBeLessThan(262_144)
    } finally {
      execFileSync('umount', [root])
    }
  })
})

describe('symbolic links', () => {
  test.each(['keep', 'follow', 'skip'] as const)('with %s nothing is changed through a link that leaves the root', async symlinks => {
    const root = directory()
    const outside = directory()
    fill(outside, { 'd/f': 'theirs' })
    symlinkSync(outside, join(root, 'l'))
    symlinkSync(join(outside, 'd/f'), join(root, 'lf'))
    const storage = fs(root, { symlinks })
    const isRefused = async (call: Promise<unknown> | undefined): Promise<void> =>
      expect(call).rejects.toMatchObject({ code: 'INVALID_PATH', message: expect.stringContaining('"l') as string })
    await isRefused(storage.write('l/d/f', bytes('x')))
    await isRefused(storage.write('l/new', bytes('x')))
    await isRefused(storage.makeDirectory?.('l/new'))
    await isRefused(storage.makeSymlink?.('l/new', 'x') ?? storage.write('l/new', bytes('x')))
    await isRefused(storage.remove('l/d/f'))
    await isRefused(storage.move?.('l/d/f', 'mine'))
    await isRefused(storage.setModified?.('l/d/f', 0))
    await isRefused(storage.setMode?.('l/d/f', 0))
    fill(root, { f: 'x' })
    await isRefused(storage.move?.('f', 'l/f'))
    await isRefused(storage.copy?.('f', 'l/f'))
    expect(await storage.transferFrom?.(storage, [{ from: 'f', to: 'l/f', size: 1 }])).toMatchObject([{ error: { code: 'INVALID_PATH' } }])
    expect(await storage.transferFrom?.(storage, [{ from: 'l/d/f', to: 'g', size: 6 }])).toMatchObject([{ error: { code: 'INVALID_PATH' } }])
    expect(contents(outside)).toEqual({ 'd/': '', 'd/f': 'theirs' })
  })

  test('nothing is read through a link', async () => {
    const root = directory()
    fill(root, { 'd/f': 'x' })
    symlinkSync('d', join(root, 'l'))
    const storage = fs(root)
    expect(await storage.stat('l/f')).toBeUndefined()
    await expect(collectText(storage.read('l/f'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(storage.hash?.('l/f', 'sha256')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a write replaces a link itself', async () => {
    const root = directory()
    fill(root, { f: 'old' })
    symlinkSync('f', join(root, 'l'))
    await fs(root).write('l', bytes('new'))
    expect(contents(root)).toEqual({ f: 'old', l: 'new' })
  })

  test('with follow a write goes to where the link leads, and a removal takes the link only', async () => {
    const root = directory()
    fill(root, { 'd/f': 'old', 'd/g': 'kept' })
    symlinkSync('d/f', join(root, 'l'))
    symlinkSync('d', join(root, 'ld'))
    const storage = fs(root, { symlinks: 'follow' })
    const { etag } = (await storage.stat('l')) as { etag: string }
    const written = await storage.write('l', bytes('new'), { ifMatch: etag })
    expect(written).toMatchObject({ path: 'l', size: 3 })
    expect(contents(root)).toMatchObject({ 'd/f': 'new', l: '-> d/f' })
    await expect(storage.remove('ld/g')).rejects.toMatchObject({ code: 'INVALID_PATH' })
    await storage.remove('l')
    expect(contents(root)).toEqual({ 'd/': '', 'd/f': 'new', 'd/g': 'kept', ld: '-> d' })
  })

  test('with skip a link is left alone, and links cannot be made', async () => {
    const root = directory()
    symlinkSync('nowhere', join(root, 'l'))
    const storage = fs(root, { symlinks: 'skip' })
    expect(storage.makeSymlink).toBeUndefined()
    expect(await storage.stat('l')).toBeUndefined()
    await storage.remove('l')
    await expect(storage.write('l', bytes('x'))).rejects.toMatchObject({ code: 'INVALID_PATH' })
    await expect(storage.makeDirectory?.('l')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(contents(root)).toEqual({ l: '-> nowhere' })
  })
})

describe('a process killed while it writes', () => {
  test('leaves the old file and a hidden temporary, which a later flush removes', async () => {
    const root = directory()
    fill(root, { f: 'old' })
    const script = `
      import { fs } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
      async function* content() { yield Buffer.from('ne'); console.log('begun'); await new Promise(resolve => setTimeout(resolve, 60_000)) }
      await fs(${JSON.stringify(root)}).write('f', content())`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await new Promise(resolve => child.stdout.once('data', resolve))
    const storage = fs(root)
    expect(await listPaths(storage)).toEqual(['f'])
    await storage.flush?.()
    expect(readdirSync(root)).toHaveLength(2)
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    expect(await listPaths(storage)).toEqual(['f'])
    expect(readdirSync(root)).toHaveLength(2)
    await storage.flush?.()
    expect(contents(root)).toEqual({ f: 'old' })
    expect(statSync(root).isDirectory()).toBe(true)
  })
})
