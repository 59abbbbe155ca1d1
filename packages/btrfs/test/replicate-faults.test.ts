import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { collect, type Bytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { BtrSync } from '../src/replicate/btr-sync.ts'
import { Transfer, type TransferOptions } from '../src/replicate/transfer.ts'
import { commandsOn } from '../src/roots/btrfs-commands.ts'
import { CommandRoot } from '../src/roots/command-root.ts'
import { defaultRoot } from '../src/roots/default-root.ts'
import { findRoot } from '../src/roots/find-root.ts'
import { localHost } from '../src/roots/local-host.ts'
import type { BtrfsRoot, SendOptions } from '../src/roots/root.ts'
import { encodeHeader, encodeCommand } from '../src/stream/writer.ts'
import { makePartName } from '../src/subvolume/part-name.ts'
import type { Subvolume } from '../src/subvolume/subvolume.ts'
import {
  differences,
  killProcess,
  makeSnapshots,
  mountImage,
  namesIn,
  openPair,
  type Pair,
  processesWith,
  recorder,
  run,
  snapshot,
} from './replicas.ts'

const megabytes = 1024 * 1024

/** Does something once so many bytes have passed. */
class Disturbed extends Transfer {
  readonly #after: number
  readonly #disturb: () => void

  constructor(after: number, disturb: () => void, options: TransferOptions) {
    super(options)
    this.#after = after
    this.#disturb = disturb
  }

  protected override async *flow(bytes: Bytes): AsyncGenerator<Uint8Array, void, undefined> {
    let passed = 0
    let isDone = false
    for await (const chunk of bytes) {
      yield chunk
      passed += chunk.length
      if (isDone || passed <= this.#after) continue
      isDone = true
      this.#disturb()
    }
  }
}

/** Replicates what is left, and expects that then all is there and nothing else. */
async function expectRepaired({ a, src, dst, b }: Pair, names: readonly string[]): Promise<void> {
  const { trans, errors } = recorder()
  expect([await new BtrSync(src, dst).sync(trans), errors]).toEqual([true, []])
  expect(namesIn(b)).toEqual(names)
  for (const name of names) expect(differences(join(a, 'snaps', name), join(b, name))).toBe('')
}

async function volumeAt(root: BtrfsRoot, path: string): Promise<Subvolume> {
  const found = (await root.list()).find(volume => volume.path === path)
  if (found === undefined) throw new Error(`there is no ${path}`)
  return found
}

async function streamOf(pair: Pair, path: string, parent?: string): Promise<Uint8Array> {
  return collect(pair.src.send([path], { parent }).bytes)
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  )
}

describe('a process that dies in the middle', () => {
  test.for<readonly [string, string, number]>([
    ['the sender, early', 'send', 100_000],
    ['the sender, late', 'send', 7 * megabytes],
    ['the receiver, early', 'receive', 100_000],
    ['the receiver, late', 'receive', 7 * megabytes],
  ])('%s: nothing half-received stays, both ends are reported, and the next run repairs', async ([, which, after], context) => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2'], 8 * megabytes)
    const errors: string[] = []
    let killed = 0
    const disturb = (): void => void (killed = killProcess(`btrfs ${which}`, which === 'send' ? pair.a : pair.b))
    const trans = new Disturbed(after, disturb, { onError: error => errors.push((error as Error).message) })
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(false)
    expect(killed).toBeGreaterThan(0)
    expect(errors[0]).toContain('btrfs send')
    expect(errors[0]).toContain('btrfs receive')
    expect(errors[0]).toContain('SIGKILL')
    expect(errors[1]).toContain('snaps/s2 is not sent, because snaps/s1 failed')
    expect(namesIn(pair.b)).toEqual([])
    await expectRepaired(pair, ['s1', 's2'])
  })

  test.for([100_000, 4 * megabytes, 8 * megabytes])(
    'ourselves after %i bytes: the next run removes what was left, and only that',
    async (after, context) => {
      await using pair = await openPair(context)
      makeSnapshots(pair.a, ['s1', 's2'], 8 * megabytes)
      const child = spawnSync(process.execPath, [join(import.meta.dirname, 'replicate-child.mjs')], {
        input: JSON.stringify({ a: pair.a, b: pair.b, bytes: after }),
        encoding: 'utf8',
      })
      expect([child.signal, child.stderr]).toEqual(['SIGKILL', ''])
      // The receiver notices at its own pace that nobody writes any more.
      await expect.poll(() => processesWith('btrfs receive', pair.b).length, { timeout: 10_000 }).toBe(0)
      expect(namesIn(pair.b)).toEqual([expect.stringMatching(/^\.part-[0-9a-f]{24}-s1$/)])
      // Of others: neither a name that only looks like ours, nor a subvolume that they write to.
      run('btrfs', 'subvolume', 'create', join(pair.b, '.part-0123456789abcdef01234567-s1'))
      run('btrfs', 'subvolume', 'create', join(pair.b, '.part-mine'))
      const { trans, notes } = recorder()
      expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(true)
      expect(notes).toEqual([expect.stringMatching(/^deleted \.part-\w+-s1, which an earlier run had received in part only$/)])
      expect(namesIn(pair.b)).toEqual(['.part-0123456789abcdef01234567-s1', '.part-mine', 's1', 's2'])
    },
  )

  test('between complete and named: the next run gives the name', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2'])
    await new BtrSync(pair.src, pair.dst).sync(recorder().trans, { target: ({ path }) => path === 'snaps/s1' })
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const part = makePartName(bootId, 's1')
    run('mv', join(pair.b, 's1'), join(pair.b, part))
    const { trans, notes, sent } = recorder()
    expect((await new BtrSync(pair.src, pair.dst).plan()).transfers).toHaveLength(2)
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(true)
    expect(notes).toEqual([`finished s1, which an earlier run had received`])
    expect(sent).toEqual(['snaps/s2 < snaps/s1'])
    expect(namesIn(pair.b)).toEqual(['s1', 's2'])
  })

  test('and the system too: what may not have reached the disk does not count, and is told', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    await new BtrSync(pair.src, pair.dst).sync(recorder().trans)
    const part = makePartName('the run before', 's1')
    run('mv', join(pair.b, 's1'), join(pair.b, part))
    const { trans, notes, sent } = recorder()
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(true)
    expect(notes).toEqual([expect.stringContaining('the system went down before')])
    expect(sent).toEqual(['snaps/s1 < whole'])
    expect(namesIn(pair.b)).toEqual([part, 's1'])
  })

  test('what another run is receiving is left alone', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'], 8 * megabytes)
    let recovery: unknown
    class Looking extends Transfer {
      protected override async *flow(bytes: Bytes): AsyncGenerator<Uint8Array, void, undefined> {
        for await (const chunk of bytes) {
          yield chunk
          const volumes = await pair.dst.list()
          if (recovery === undefined && volumes.some(({ unfinished, readonly }) => unfinished === true && !readonly))
            recovery = await pair.dst.recover?.(volumes)
        }
      }
    }
    expect(await new BtrSync(pair.src, pair.dst).sync(new Looking())).toBe(true)
    expect(recovery).toEqual({ removed: [], finished: [], left: [] })
    expect(namesIn(pair.b)).toEqual(['s1'])
  })

  test.for([0, 100_000, megabytes, 7 * megabytes])(
    'an abort after %i bytes leaves nothing half-received, and is thrown as it is',
    async (after, context) => {
      await using pair = await openPair(context)
      makeSnapshots(pair.a, ['s1'], 8 * megabytes)
      const controller = new AbortController()
      const reason = new Error('enough')
      const trans = new Disturbed(after, () => controller.abort(reason), {})
      await expect(new BtrSync(pair.src, pair.dst).sync(trans, { signal: controller.signal })).rejects.toBe(reason)
      expect(namesIn(pair.b)).toEqual([])
      await expectRepaired(pair, ['s1'])
    },
  )
})

test('a sender that fails after its last byte is told, and what was received and verified stays', async context => {
  await using pair = await openPair(context)
  makeSnapshots(pair.a, ['s1'], megabytes)
  const commands = {
    host: localHost,
    privileged: (command: readonly string[]) => (command[1] === 'send' ? ['sh', '-c', '"$@"; exit 7', 'sh', ...command] : command),
  }
  const src = new CommandRoot({ ...(await findRoot(commandsOn(localHost, false), pair.a)), commands, scope: 'all' })
  const { trans, errors } = recorder()
  expect(await new BtrSync(src, pair.dst).sync(trans)).toBe(false)
  expect(errors).toEqual([expect.stringContaining('exit code 7')])
  expect(namesIn(pair.b)).toEqual(['s1'])
  expect(differences(join(pair.a, 'snaps/s1'), join(pair.b, 's1'))).toBe('')
})

async function* only(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks
}

describe('what the destination cannot do', () => {
  test('it does not find the parent: another is tried, then all is sent', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2', 's3'])
    const sync = new BtrSync(pair.src, pair.dst)
    await sync.sync(recorder().trans, { target: ({ path }) => path !== 'snaps/s3' })
    const { trans, errors, notes, sent } = recorder()
    const plan = await sync.plan({}, trans)
    run('btrfs', 'subvolume', 'delete', join(pair.b, 's2'))
    expect(await sync.run(trans, plan)).toBe(true)
    expect([errors, sent]).toEqual([[], ['snaps/s3 < snaps/s1']])
    expect(notes).toEqual([`${pair.b} does not find snaps/s2: sending snaps/s3 as what changed since snaps/s1`])
    run('btrfs', 'subvolume', 'delete', join(pair.b, 's3'))
    run('btrfs', 'subvolume', 'delete', join(pair.b, 's1'))
    const whole = recorder()
    expect(await sync.run(whole.trans, plan)).toBe(true)
    expect([whole.errors, whole.sent]).toEqual([[], ['snaps/s3 < whole']])
    const strict = recorder()
    run('btrfs', 'subvolume', 'delete', join(pair.b, 's3'))
    expect(await sync.run(strict.trans, plan, { check: (_, parent) => parent !== undefined })).toBe(false)
    expect(strict.errors.join()).toContain('cannot find parent subvolume')
  })

  test('it does not find a clone source: it is done without', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    run('btrfs', 'subvolume', 'create', join(pair.a, 'other'))
    writeFileSync(join(pair.a, 'other/big'), randomBytes(2 * megabytes))
    snapshot(join(pair.a, 'other'), join(pair.a, 'o1'))
    const sync = new BtrSync(pair.src, pair.dst)
    await sync.sync(recorder().trans)
    run('cp', '--reflink=always', join(pair.a, 'other/big'), join(pair.a, 'data/big'))
    snapshot(join(pair.a, 'data'), join(pair.a, 'snaps/s2'))
    const { trans, errors, notes, sent } = recorder()
    const plan = await sync.plan({ clones: true }, trans)
    run('btrfs', 'subvolume', 'delete', join(pair.b, 'o1'))
    expect(await sync.run(trans, plan)).toBe(true)
    expect([errors, sent, notes.length]).toEqual([[], ['snaps/s2 < snaps/s1'], 1])
    expect(namesIn(pair.b)).toEqual(['s1', 's2'])
  })

  test('the parent lies outside of what is mounted: all is sent', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2'])
    using image = mountImage(200)
    run('btrfs', 'subvolume', 'create', join(image.path, 'part'))
    const outside = await defaultRoot('local')().getRoot(image.path)
    await new BtrSync(pair.src, outside.root).sync(recorder().trans, { target: ({ path }) => path === 'snaps/s1' })
    const mount = join(pair.b, 'mounted')
    mkdirSync(mount)
    run('mount', '-o', 'subvol=part', run('findmnt', '-n', '-o', 'SOURCE', image.path).trim().replace(/\[.*/, ''), mount)
    try {
      const inside = await defaultRoot('local')().getRoot(mount)
      const { trans, errors, sent } = recorder()
      expect(await new BtrSync(pair.src, inside.root).sync(trans)).toBe(true)
      expect([errors, sent]).toEqual([[], ['snaps/s2 < whole']])
    } finally {
      run('umount', mount)
    }
  })

  test('it is full: the error names both commands and the reason, nothing stays, and what is there is untouched', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'], 150 * megabytes)
    makeOther(pair.a)
    using image = mountImage(120)
    run('btrfs', 'subvolume', 'create', join(image.path, 'mine'))
    const { root } = await defaultRoot('local')().getRoot(image.path)
    const { trans, errors, sent } = recorder()
    expect(await new BtrSync(pair.src, root).sync(trans)).toBe(false)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain('No space left on device')
    expect(errors[0]).toContain('btrfs send')
    expect(errors[0]).toContain('btrfs receive')
    expect(errors[0]).toContain('make room at the destination')
    // What does not depend on it is sent.
    expect(sent).toEqual(['o1 < whole'])
    expect(namesIn(image.path)).toEqual(['mine', 'o1'])
  })

  test('it is mounted read-only', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    using image = mountImage(120)
    run('mount', '-o', 'remount,ro', image.path)
    const { root } = await defaultRoot('local')().getRoot(image.path)
    const errors: unknown[] = []
    expect(await new BtrSync(pair.src, root).sync(new Transfer({ onError: error => errors.push(error) }))).toBe(false)
    expect(errors).toEqual([
      expect.objectContaining({ code: 'PERMISSION_DENIED', message: expect.stringContaining('Read-only file system') as string }),
    ])
  })

  test.for(['directory', 'file', 'subvolume'])('a %s has the name: it is refused, and stays as it is', async (kind, context) => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    if (kind === 'directory') mkdirSync(join(pair.b, 's1'))
    else if (kind === 'file') writeFileSync(join(pair.b, 's1'), 'mine')
    else run('btrfs', 'subvolume', 'create', join(pair.b, 's1'))
    const errors: unknown[] = []
    // Without a plan that foresees it.
    const plan = await new BtrSync(pair.src, pair.dst).plan()
    expect(await new BtrSync(pair.src, pair.dst).run(new Transfer({ onError: error => errors.push(error) }), plan)).toBe(false)
    expect(errors).toEqual([expect.objectContaining({ code: 'ALREADY_EXISTS' })])
    expect(namesIn(pair.b)).toEqual(['s1'])
  })

  test('the directory is not there: it is said, or made', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    const { trans, errors } = recorder({ recvpath: 'not/there' })
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(false)
    expect(errors.join()).toContain('No such file or directory')
    const making = recorder({ recvpath: 'not/there', createRecvpath: true })
    expect(await new BtrSync(pair.src, pair.dst).sync(making.trans)).toBe(true)
    expect(namesIn(join(pair.b, 'not/there'))).toEqual(['s1'])
  })
})

/** A second subvolume with a snapshot, which has nothing to do with the first. */
function makeOther(a: string): void {
  run('btrfs', 'subvolume', 'create', join(a, 'other'))
  writeFileSync(join(a, 'other/file'), 'other')
  snapshot(join(a, 'other'), join(a, 'o1'))
}

describe('what the source cannot send', () => {
  test.for<readonly [string, string, SendOptions, string]>([
    ['a writable subvolume', 'data', {}, 'PRECONDITION_FAILED'],
    ['a directory', 'snaps', {}, 'NOT_SUPPORTED'],
    ['what is not there', 'nothing', {}, 'NOT_FOUND'],
    ['changes against what is writable', 'snaps/s1', { parent: 'data' }, 'PRECONDITION_FAILED'],
    ['changes against what is not there', 'snaps/s1', { parent: 'nothing' }, 'NOT_FOUND'],
    ['what shares extents with something writable', 'snaps/s1', { clones: ['data'] }, 'PRECONDITION_FAILED'],
    ['what has nothing in common with its clone source', 'o1', { clones: ['snaps/s1'] }, 'NOT_SUPPORTED'],
    ['what lies outside', '../x', {}, 'INVALID_PATH'],
    ['an absolute path', '/etc', {}, 'INVALID_PATH'],
    ['a name with a line break', 'a\nb', {}, 'INVALID_PATH'],
  ])('%s', async ([, path, options, code], context) => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    makeOther(pair.a)
    expect(await codeOf((async () => collect(pair.src.send([path], options).bytes))())).toBe(code)
  })
})

describe('streams that are not what they should be', () => {
  test('cut, changed, foreign, newer or empty ones are refused, and nothing of them stays', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2'])
    const good = await streamOf(pair, 'snaps/s1')
    const changed = (at: number): Uint8Array => good.map((byte, index) => (index === at ? byte ^ 1 : byte))
    const end = 10
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ['cut in a command', good.subarray(0, good.length - 300)],
      ['cut before its end', good.subarray(0, good.length - end)],
      ['a bit of the content is another', changed(600)],
      ['a bit of the end is another', changed(good.length - 3)],
      ['something follows', Buffer.concat([good, Buffer.from('more of it')])],
      ['no stream', Buffer.from('this is no send stream at all')],
      ['nothing', new Uint8Array(0)],
      ['version 9', Buffer.concat([good.subarray(0, 13), Buffer.from([9, 0, 0, 0]), good.subarray(17)])],
      ['only an end', Buffer.concat([encodeHeader(1), encodeCommand({ name: 'end' }, 1)])],
      ['another volume', await streamOf(pair, 'snaps/s2')],
    ]
    const volumes = [await volumeAt(pair.src, 'snaps/s1')]
    for (const [what, bytes] of cases) {
      expect([what, await codeOf(pair.dst.receive(only([bytes]), '', { volumes }))]).toEqual([what, 'CORRUPT'])
      // A volume that was complete before something else came stays: it is verified.
      const left = namesIn(pair.b)
      expect([what, left]).toEqual([what, what === 'something follows' ? ['s1'] : []])
      for (const name of left) run('btrfs', 'subvolume', 'delete', join(pair.b, name))
    }
    await pair.dst.receive(only([good]), '', { volumes })
    expect(differences(join(pair.a, 'snaps/s1'), join(pair.b, 's1'))).toBe('')
  })

  test.for([100, 300, 70_000, 500_000, 1_040_000])(
    'byte %i changes on the way: it is noticed before anything of its command is received',
    async (place, context) => {
      await using pair = await openPair(context)
      makeSnapshots(pair.a, ['s1'], megabytes)
      class Bad extends Transfer {
        protected override async *flow(bytes: Bytes): AsyncGenerator<Uint8Array, void, undefined> {
          let at = 0
          for await (const chunk of bytes) {
            if (at <= place && at + chunk.length > place) chunk[place - at] = ~(chunk[place - at] ?? 0)
            at += chunk.length
            yield chunk
          }
        }
      }
      const errors: unknown[] = []
      expect(await new BtrSync(pair.src, pair.dst).sync(new Bad({ onError: error => errors.push(error) }))).toBe(false)
      expect(errors).toEqual([expect.objectContaining({ code: 'CORRUPT', message: expect.stringContaining('a checksum does not fit') as string })])
      expect(namesIn(pair.b)).toEqual([])
      await expectRepaired(pair, ['s1'])
    },
  )
})

test('a user who is not root is told so', async context => {
  await using pair = await openPair(context)
  makeSnapshots(pair.a, ['s1'])
  const found = await findRoot(commandsOn(localHost, false), pair.a)
  const commands = {
    host: localHost,
    privileged: (command: readonly string[]) => ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...command],
  }
  const root = new CommandRoot({ ...found, commands, scope: 'all' })
  for (const call of [() => root.list(), () => root.show('snaps/s1'), () => collect(root.send(['snaps/s1']).bytes)])
    await expect(call()).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('run as root, or ask for sudo') as string,
    })
  const stream = await streamOf(pair, 'snaps/s1')
  const target = new CommandRoot({ ...(await findRoot(commandsOn(localHost, false), pair.b)), commands, scope: 'all' })
  expect(await codeOf(target.receive(only([stream]), '', { volumes: [] }))).toBe('PERMISSION_DENIED')
})

test('without sudo, asking for it says what is missing', async context => {
  await using pair = await openPair(context)
  const isThere = (() => {
    try {
      execFileSync('sh', ['-c', 'command -v sudo'])
      return true
    } catch {
      return false
    }
  })()
  const asking = defaultRoot('local')({ sudo: true }).getRoot(pair.a)
  if (isThere) expect((await asking).root.name).toBe(pair.a)
  else await expect(asking).rejects.toMatchObject({ code: 'NOT_SUPPORTED', message: expect.stringContaining('sudo: command not found') as string })
})
