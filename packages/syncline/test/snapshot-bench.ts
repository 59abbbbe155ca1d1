import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { service } from '@syncline/services'
import type { TestContext } from 'vitest'
import { Workplace, type Ended } from './bin.ts'

/** A subvolume on each of two file systems, and the command. */
export class Bench implements AsyncDisposable {
  readonly here: Workplace
  /** Of the source: with the subvolume `data`, and `snaps` for its snapshots. */
  readonly a: string
  readonly b: string

  private constructor(here: Workplace, a: string, b: string) {
    this.here = here
    this.a = a
    this.b = b
  }

  /** Skips the test where there is no btrfs. @param snapshots - of `data`, each with a file of its name */
  static async make(context: TestContext, ...snapshots: readonly string[]): Promise<Bench> {
    const found = await service('btrfs')
    if (!found.available) context.skip(found.reason)
    const name = `command-${process.pid}-${randomBytes(4).toString('hex')}`
    const [a, b] = found.mounts.map(mount => join(mount, name)) as [string, string]
    for (const path of [a, b, join(a, 'data')]) btrfs('subvolume', 'create', path)
    mkdirSync(join(a, 'snaps'))
    writeFileSync(join(a, 'data', 'big'), randomBytes(2_000_000))
    const bench = new Bench(await Workplace.make(), a, b)
    for (const snapshot of snapshots) bench.snapshot(snapshot)
    return bench
  }

  snapshot(name: string): void {
    writeFileSync(join(this.a, 'data', name), name)
    btrfs('subvolume', 'snapshot', '-r', join(this.a, 'data'), join(this.a, 'snaps', name))
  }

  /** `syncline snapshot ...` */
  run(...argv: readonly string[]): Promise<Ended> {
    return this.here.run('snapshot', ...argv)
  }

  /** As `run`, with what `--json` prints. */
  async json(...argv: readonly string[]): Promise<{ readonly code: number | null; readonly lines: Record<string, unknown>[]; readonly err: string }> {
    const { code, out, err } = await this.run(...argv, '--json')
    const lines = out
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    return { code, lines, err }
  }

  get received(): readonly string[] {
    return readdirSync(this.b).sort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const root of [this.a, this.b]) {
      const inside = execFileSync('find', [root, '-mindepth', '1', '-inum', '256'], { encoding: 'utf8' }).split('\n').filter(Boolean)
      for (const path of [...inside.reverse(), root]) btrfs('subvolume', 'delete', path)
    }
    await this.here.remove()
  }
}

/** Runs `btrfs` and gives what it prints. */
export function btrfs(...args: readonly string[]): string {
  return execFileSync('btrfs', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Whether two files have the same content. */
export function same(one: string, other: string): boolean {
  return readFileSync(one).equals(readFileSync(other))
}

/**
 * A sender that stops in the middle, as a disk or a network may: it makes the file `stuck` then, and ends when who started it is gone.
 *
 * @returns a PATH with it
 */
export function stuckSender(here: Workplace, bytes = 600_000): string {
  const real = realpathSync(execFileSync('sh', ['-c', 'command -v btrfs'], { encoding: 'utf8' }).trim())
  const script = `if [ "$1" = send ]; then ${real} "$@" | { head -c ${bytes}; touch ${here.path('stuck')}; while kill -0 $PPID; do sleep 0.1; done; }; else exec ${real} "$@"; fi`
  mkdirSync(here.path('bin'))
  writeFileSync(here.path('bin/btrfs'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return `${here.path('bin')}:${process.env['PATH'] ?? ''}`
}
