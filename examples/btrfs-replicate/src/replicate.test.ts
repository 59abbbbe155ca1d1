import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test, type TestContext } from 'vitest'
import { replicate, type Schedules } from './replicate.ts'

const schedules: Schedules = { source: '2d', destination: '*m' }

class Pools implements AsyncDisposable {
  readonly source: string
  readonly destination: string
  readonly lines: string[] = []

  private constructor(source: string, destination: string) {
    this.source = source
    this.destination = destination
  }

  static async make(context: TestContext): Promise<Pools> {
    const { mounts } = await withService(context, 'btrfs')
    const [source, destination] = mounts.map(mount => join(mount, `example-${randomUUID()}`)) as [string, string]
    for (const path of [source, destination, join(source, 'data')]) btrfs('subvolume', 'create', path)
    mkdirSync(join(source, 'snaps'))
    return new Pools(source, destination)
  }

  snapshot(name: string, bytes = 1000): void {
    writeFileSync(join(this.source, 'data', name), randomBytes(bytes))
    btrfs('subvolume', 'snapshot', '-r', join(this.source, 'data'), join(this.source, 'snaps', name))
  }

  run(to = join(this.destination, 'snaps')): ReturnType<typeof replicate> {
    return replicate(join(this.source, 'snaps'), to, schedules, line => this.lines.push(line))
  }

  get names(): readonly (readonly string[])[] {
    return [this.source, this.destination].map(root => readdirSync(join(root, 'snaps')).sort())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const root of [this.source, this.destination]) {
      const inside = execFileSync('find', [root, '-mindepth', '1', '-inum', '256'], { encoding: 'utf8' }).split('\n').filter(Boolean)
      for (const path of [...inside.reverse(), root]) btrfs('subvolume', 'delete', path)
    }
  }
}

function btrfs(...args: readonly string[]): void {
  execFileSync('btrfs', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** A file system with too little space. */
function smallFileSystem(): Disposable & { readonly path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'syncline-example-'))
  const [image, path] = [join(directory, 'image'), join(directory, 'mount')]
  mkdirSync(path)
  writeFileSync(image, '')
  truncateSync(image, 32 * 1024 * 1024)
  execFileSync('mkfs.btrfs', ['-q', '-f', '-M', image])
  execFileSync('mount', ['-o', 'loop', image, path])
  return {
    path,
    [Symbol.dispose]: () => {
      execFileSync('umount', [path])
      rmSync(directory, { recursive: true })
    },
  }
}

describe('replicate', { timeout: 60_000 }, () => {
  const [january, older, february] = ['data.20250105T0000+0000', 'data.20250106T0000+0000', 'data.20250205T0000+0000']

  test('sends what is new, and deletes what no schedule keeps', async context => {
    await using pools = await Pools.make(context)
    for (const name of [january, older, february]) pools.snapshot(name)
    expect(await pools.run()).toEqual({
      errors: [],
      deleted: [`${pools.source}/snaps/${january}`, `${pools.source}/snaps/${older}`, `${pools.destination}/snaps/${older}`],
    })
    expect(pools.names).toEqual([[february], [january, february]])
    expect(pools.lines).toContain(`snaps/${january}: done, whole`)
    expect(pools.lines).toContain(`snaps/${february}: done, what changed since snaps/${older}`)
    expect(pools.lines).toContainEqual(expect.stringMatching(/^snaps\/data\.20250105T0000\+0000: [1-9]\d* bytes$/))
    const march = 'data.20250305T0000+0000'
    pools.snapshot(march)
    expect((await pools.run()).errors).toEqual([])
    expect(pools.lines).toContain(`snaps/${march}: done, what changed since snaps/${february}`)
    expect(pools.names).toEqual([[march], [january, february, march]])
    expect(readFileSync(join(pools.destination, 'snaps', march, january))).toEqual(readFileSync(join(pools.source, 'data', january)))
  })

  test('one that fails does not stop the others, and then nothing is deleted', async context => {
    await using pools = await Pools.make(context)
    for (const name of [january, older, february]) pools.snapshot(name)
    mkdirSync(join(pools.destination, 'snaps'))
    btrfs('subvolume', 'create', join(pools.destination, 'snaps', older))
    const { errors, deleted } = await pools.run()
    expect([errors, deleted]).toEqual([[expect.stringContaining(`${older} cannot be received`)], []])
    expect(pools.names).toEqual([
      [january, older, february],
      [january, older, february],
    ])
  })

  test('a destination that is full ends the run, and nothing is deleted', async context => {
    await using pools = await Pools.make(context)
    using small = smallFileSystem()
    for (const name of [january, february]) pools.snapshot(name, 40_000_000)
    const { errors, deleted } = await pools.run(join(small.path, 'snaps'))
    expect([errors, deleted]).toEqual([[expect.stringContaining('No space left on device')], []])
    expect(readdirSync(join(small.path, 'snaps'))).toEqual([])
    expect(readdirSync(join(pools.source, 'snaps')).sort()).toEqual([january, february])
  })
})
