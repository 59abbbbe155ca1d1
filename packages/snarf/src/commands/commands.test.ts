import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memory, toBytes, type FamilyCall, type FamilyCommand } from '@syncline/core'
import { fs } from '@syncline/fs'
import { expect, onTestFinished, test } from 'vitest'
import { families } from './index.ts'
import { Staging } from './staging.ts'

interface Outcome {
  readonly code: number
  readonly out: readonly string[]
  readonly warnings: readonly string[]
  readonly objects: readonly object[]
  readonly bytes: Buffer
}

/** Calls a command in a directory, as the command line would. Options are words with or without "=". */
async function run(directory: string, name: string, ...words: readonly string[]): Promise<Outcome> {
  return runUntil(new AbortController().signal, directory, name, ...words)
}

async function runUntil(signal: AbortSignal, directory: string, name: string, ...words: readonly string[]): Promise<Outcome> {
  const command = families[0]?.commands[name] as FamilyCommand
  const given = words.filter(word => word.startsWith('--')).map(word => word.slice(2).split('=') as [string, string?])
  for (const [option] of given) expect(Object.keys(command.options)).toContain(option)
  const [out, warnings, objects, bytes]: [string[], string[], object[], Uint8Array[]] = [[], [], [], []]
  const shown = (text: string): string => text.replaceAll(`${directory}/`, '')
  const call = {
    operands: words.filter(word => !word.startsWith('--')),
    options: {
      has: (option: string) => given.some(([word]) => word === option),
      text: (option: string) => given.findLast(([word]) => word === option)?.[1],
    },
    signal,
    symbols: { done: 'ok' },
    format: {
      plural: (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`,
      bytes: (count: number) => `${count} B`,
    },
    print: (line: string) => void out.push(shown(line)),
    warn: (line: string) => void warnings.push(shown(line)),
    json: (object: object) => void objects.push(JSON.parse(shown(JSON.stringify(object))) as object),
    progress: () => undefined,
    write: (content: Uint8Array) => Promise.resolve(void bytes.push(content.slice())),
    open: (location: string) => Promise.resolve(location === 'memory:site' ? elsewhere : fs(location)),
    usageError: (message: string, hint = '') => new Error(`usage: ${message} ${hint}`),
  } as unknown as FamilyCall
  // Operands are relative to the working directory of the command line, and to nothing else.
  const code = await command.run({ ...call, operands: call.operands.map(operand => absolute(directory, operand)) })
  return { code, out, warnings, objects, bytes: Buffer.concat(bytes) }
}

function absolute(directory: string, operand: string): string {
  if (operand === '-' || operand.startsWith('memory:')) return operand
  return operand.startsWith('snarf:') ? `snarf:${join(directory, operand.slice(6))}` : join(directory, operand)
}

async function* single(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** A place that is no directory of this computer. */
const elsewhere = memory({ capabilities: { ordered: false } })

function directoryWith(tree: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'syncline-snarf-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(join(directory, path, '..'), { recursive: true })
    if (path.endsWith('/')) mkdirSync(join(directory, path))
    else writeFileSync(join(directory, path), content)
  }
  return directory
}

const site = { 'site/f2': 'f2data', 'site/f1~': 'f1adata', 'site/d1/f1': 'd1f1data', 'site/f1': 'f1data' }
const archive = '0 \n0 d1/\n8 d1/f1\nd1f1data6 f1\nf1data7 f1~\nf1adata6 f2\nf2data'

test('create writes a tree as the original does', async () => {
  const at = directoryWith(site)
  const { code, out, objects } = await run(at, 'create', 'site.snarf', 'site')
  expect(code).toBe(0)
  expect(out).toEqual(['site.snarf: 4 files, 1 directory, 27 B'])
  expect(objects).toEqual([{ type: 'created', archive: 'site.snarf', files: 4, directories: 1, bytes: 27, leftOut: 0 }])
  expect(readFileSync(join(at, 'site.snarf'), 'utf8')).toBe(archive)
})

test('create makes the same bytes of a tree that lies elsewhere, whatever order it is listed in', async () => {
  for (const [path, content] of Object.entries(site)) await elsewhere.write(path.slice(5), toBytes(content))
  await elsewhere.write('d1/large', toBytes('x'.repeat(1_000_000)))
  await elsewhere.makeSymlink('link', 'f1')
  const at = directoryWith({ ...site, 'site/d1/large': 'x'.repeat(1_000_000) })
  const { code, warnings } = await run(at, 'create', 'a.snarf', 'memory:site')
  expect([code, warnings]).toEqual([3, ['link was left out: it is a symbolic link']])
  await run(at, 'create', 'b.snarf', 'site')
  expect(readFileSync(join(at, 'a.snarf')).equals(readFileSync(join(at, 'b.snarf')))).toBe(true)
})

test('create says what is wrong with a source that is no directory', async () => {
  const at = directoryWith({ file: 'x' })
  await expect(run(at, 'create', 'a.snarf', 'missing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(run(at, 'create', 'a.snarf', 'file')).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' })
  expect(readdirSync(at)).toEqual(['file'])
})

test('create pads sizes and writes to standard output', async () => {
  const { bytes, out } = await run(directoryWith({ 'site/test/a': 'data of a' }), 'create', '-', 'site', '--padded')
  expect(bytes.toString()).toBe('00000009 test/a\ndata of a')
  expect(out).toEqual([])
})

test('create replaces an archive only when it is told to', async () => {
  const at = directoryWith({ ...site, 'site.snarf': 'precious' })
  await expect(run(at, 'create', 'site.snarf', 'site')).rejects.toThrow('--force')
  expect(readFileSync(join(at, 'site.snarf'), 'utf8')).toBe('precious')
  await run(at, 'create', 'site.snarf', 'site', '--force')
  expect(readFileSync(join(at, 'site.snarf'), 'utf8')).toBe(archive)
})

test('create tells of links, and of names that no header can hold', async () => {
  const at = directoryWith({ 'site/a': '1', 'site/b\nc': '2' })
  symlinkSync('/etc/passwd', join(at, 'site/link'))
  const { code, warnings } = await run(at, 'create', 'site.snarf', 'site')
  expect(code).toBe(3)
  expect(warnings).toEqual(['b\nc was left out: it has a line feed, which ends the header of a member', 'link was left out: it is a symbolic link'])
  expect(readFileSync(join(at, 'site.snarf'), 'utf8')).toBe('0 \n1 a\n1')
})

test('list shows members, with sizes where they are asked for', async () => {
  const at = directoryWith({ 'site.snarf': archive })
  expect((await run(at, 'list', 'snarf:site.snarf')).out).toEqual(['./', 'd1/', 'd1/f1', 'f1', 'f1~', 'f2'])
  expect((await run(at, 'list', 'site.snarf', '--long')).out[2]).toBe('             8  d1/f1')
  expect((await run(at, 'list', 'site.snarf')).objects[2]).toEqual({ path: 'd1/f1', kind: 'file', size: 8, offset: 17 })
})

test('extract makes the tree again, also into what is there, which it leaves', async () => {
  const at = directoryWith({ 'site.snarf': `${archive}0 empty/\n`, 'copy/f1': 'mine', 'copy/other': 'mine' })
  const { code, out, warnings } = await run(at, 'extract', 'site.snarf', 'copy')
  expect(code).toBe(3)
  expect(out).toEqual(['copy: 3 files, 2 directories, 21 B, 1 not written'])
  expect(warnings).toEqual(['f1 was not written: it is there already; replace it with --force'])
  expect(readFileSync(join(at, 'copy/f1'), 'utf8')).toBe('mine')
  expect(readFileSync(join(at, 'copy/d1/f1'), 'utf8')).toBe('d1f1data')
  expect(readdirSync(join(at, 'copy')).sort()).toEqual(['d1', 'empty', 'f1', 'f1~', 'f2', 'other'])
  expect((await run(at, 'extract', 'site.snarf', 'copy', '--force')).code).toBe(0)
  expect(readFileSync(join(at, 'copy/f1'), 'utf8')).toBe('f1data')
})

test.each([
  ['a path that leaves the root', '1 a\nx1 ../b\nx', 'forbidden'],
  ['an end within a body', '1 a\nx5 b\nx', 'ends within b'],
  ['a file twice', '1 a\nx1 a\nx', 'twice'],
  ['what is no archive', 'hello world\n', 'no number'],
])('extract writes nothing of an archive with %s, and verify says it', async (_what, content, message) => {
  const at = directoryWith({ 'site.snarf': content, 'copy/': '' })
  await expect(run(at, 'extract', 'site.snarf', 'copy')).rejects.toThrow(message)
  await expect(run(at, 'verify', 'site.snarf')).rejects.toThrow(message)
  expect(readdirSync(join(at, 'copy'))).toEqual([])
  expect(existsSync(join(at, 'b'))).toBe(false)
})

test('extract into a new place leaves nothing of an archive that ends early', async () => {
  const at = directoryWith({ 'site.snarf': '0 d/\n1 d/a\nx5 b\nx' })
  await expect(run(at, 'extract', 'site.snarf', 'copy')).rejects.toThrow('ends within b')
  expect(readdirSync(at)).toEqual(['site.snarf'])
})

test.each(['extract', 'verify'])('%s ends when it is interrupted, and leaves nothing', async name => {
  const at = directoryWith(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`site/${i}`, 'x'.repeat(200_000)])))
  await run(at, 'create', 'site.snarf', 'site')
  const interrupt = new AbortController()
  // As a signal of the system: it comes when the event loop has a turn, and not before.
  setTimeout(() => interrupt.abort(new Error('interrupted')), 1)
  await expect(runUntil(interrupt.signal, at, name, 'site.snarf', ...(name === 'extract' ? ['copy'] : []))).rejects.toThrow('interrupted')
  expect(readdirSync(at).sort()).toEqual(['site', 'site.snarf'])
})

test('extract goes on where a name is too long for the disk, and keeps the names that are its own', async () => {
  const long = 'n'.repeat(256)
  const at = directoryWith({ 'site.snarf': `1 a\nx1 ${long}/b\nx1 d/.syncline-tmp-1\nx1 z\nx` })
  const { code, warnings } = await run(at, 'extract', 'site.snarf', 'copy')
  expect(code).toBe(3)
  expect(warnings).toEqual([
    expect.stringMatching(/^n+\/b was not written: ENAMETOOLONG/),
    'd/.syncline-tmp-1 was not written: names that begin with .syncline-tmp- are kept for files under way',
  ])
  expect(readdirSync(join(at, 'copy')).sort()).toEqual(['a', 'z'])
})

test('extract removes what a killed one has left, and nothing of one that runs', async () => {
  const at = directoryWith({ 'site.snarf': '1 a\nx' })
  const stage = Staging.begin(join(at, 'copy'))
  await stage?.writeFile('b', single('1'))
  const [running = ''] = readdirSync(join(at, 'copy'))
  const left = running.replace(`-${process.pid}-`, '-4194305-')
  mkdirSync(join(at, 'copy', left))
  writeFileSync(join(at, 'copy', left, 'half'), 'x')
  expect((await run(at, 'extract', 'site.snarf', 'copy')).code).toBe(0)
  expect(readdirSync(join(at, 'copy')).sort()).toEqual([running, 'a'])
  expect(await stage?.publish()).toEqual([])
  expect(readdirSync(join(at, 'copy')).sort()).toEqual(['a', 'b'])
})

test('a staged tree never takes the place of what came meanwhile', async () => {
  const at = directoryWith({})
  const stage = Staging.begin(at)
  await stage?.writeFile('a', single('staged'))
  await stage?.writeFile('d/b', single('staged'))
  await stage?.writeFile('e/c', single('staged'))
  writeFileSync(join(at, 'a'), 'mine')
  mkdirSync(join(at, 'd'))
  writeFileSync(join(at, 'd/x'), 'mine')
  symlinkSync('elsewhere', join(at, 'e'))
  expect((await stage?.publish())?.toSorted()).toEqual(['a', 'd', 'e'])
  expect(readFileSync(join(at, 'a'), 'utf8')).toBe('mine')
  expect(readdirSync(join(at, 'd'))).toEqual(['x'])
  expect(readdirSync(at).sort()).toEqual(['a', 'd', 'e'])
})

test('extract makes files again that lie across the chunks of an archive', async () => {
  const tree = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`site/${i}`, `${i} `.repeat(20_000 + 300 * i)]))
  const at = directoryWith({ ...tree, 'site/large': 'large '.repeat(200_000) })
  await run(at, 'create', 'site.snarf', 'site')
  expect((await run(at, 'extract', 'site.snarf', 'copy')).code).toBe(0)
  for (const name of readdirSync(join(at, 'site')))
    expect(readFileSync(join(at, 'copy', name)).equals(readFileSync(join(at, 'site', name)))).toBe(true)
})

test('extract does not write through links', async () => {
  const at = directoryWith({ 'site.snarf': '1 link/a\nx1 out\nx', 'copy/': '', 'elsewhere/a': 'mine', out: 'mine' })
  symlinkSync('../elsewhere', join(at, 'copy/link'))
  symlinkSync('../out', join(at, 'copy/out'))
  expect((await run(at, 'extract', 'site.snarf', 'copy', '--force')).code).toBe(3)
  expect(readFileSync(join(at, 'elsewhere/a'), 'utf8')).toBe('mine')
  expect(readFileSync(join(at, 'out'), 'utf8')).toBe('mine')
})

test('extract takes the later of two files where that is asked for', async () => {
  const at = directoryWith({ 'site.snarf': '1 a\nx2 a\nyz' })
  expect((await run(at, 'extract', 'site.snarf', 'copy', '--duplicates=last')).code).toBe(0)
  expect(readFileSync(join(at, 'copy/a'), 'utf8')).toBe('yz')
})

test('verify counts what it read, and stops at its limit', async () => {
  const at = directoryWith({ 'site.snarf': archive })
  expect((await run(at, 'verify', 'site.snarf')).out).toEqual(['ok site.snarf is whole: 4 files, 1 directory, 27 B'])
  await expect(run(at, 'verify', 'site.snarf', '--max-entries=3')).rejects.toThrow('more than 3 files and directories')
})

test.each(['list', 'verify'])('%s says that there is no archive', async name => {
  await expect(run(directoryWith({}), name, 'site.snarf')).rejects.toThrow('site.snarf does not exist')
  await expect(run(directoryWith({ 'd/': '' }), name, 'd')).rejects.toThrow('d is a directory, not a snarf archive')
  await expect(run(directoryWith({}), name)).rejects.toThrow('usage: ')
})
