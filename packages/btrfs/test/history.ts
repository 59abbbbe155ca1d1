import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { openSystemCalls } from '../src/apply/system-calls.ts'

/** mulberry32: a small generator whose seed can be printed. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export function btrfs(...args: readonly string[]): string {
  return execFileSync('btrfs', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Names of all kinds; a character per byte. */
const names = ['a', 'b', 'c', 'dir', 'nl\nin it', 'sp ace', '\xff\xfe raw', 'caf\xc3\xa9', 'x'.repeat(200), '-rf', '"q\'', 'o257-7-0'] // prettier-ignore

/** Changes a volume at random: whatever a file system can have, and the ways in which it becomes something else. */
export class History {
  readonly #root: string
  readonly #random: () => number
  readonly #system = openSystemCalls()

  constructor(root: string, seed: number) {
    this.#root = root
    this.#random = randomOf(seed)
  }

  /** What was tried; not everything can be done where it is tried. */
  async change(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++)
      try {
        await this.#step()
      } catch (error) {
        const { code } = error as { readonly code?: string }
        if (!['EEXIST', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EPERM', 'EINVAL', 'EXDEV', 'ENODATA', 'ENOTSUP', 'EBUSY', 'EMLINK', 'ENAMETOOLONG'].includes(code ?? '')) throw error // prettier-ignore
      }
  }

  close(): Promise<void> {
    return this.#system.close()
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T
  }

  #bytes(path: string): Buffer {
    return Buffer.from(path === '' ? this.#root : `${this.#root}/${path}`, 'latin1')
  }

  #all(directory = ''): { readonly path: string; readonly stats: fs.Stats }[] {
    return fs.readdirSync(this.#bytes(directory), 'latin1').sort().flatMap(name => {
      const path = directory === '' ? name : `${directory}/${name}`
      const stats = fs.lstatSync(this.#bytes(path))
      return [{ path, stats }, ...(stats.isDirectory() ? this.#all(path) : [])]
    }) // prettier-ignore
  }

  #new(): string {
    const directories = ['', ...this.#all().filter(({ stats }) => stats.isDirectory()).map(({ path }) => path)] // prettier-ignore
    const directory = this.#pick(directories.filter(path => path.split('/').length < 5))
    const name = `${this.#pick(names)}${this.#below(3) === 0 ? this.#below(9) : ''}`
    return directory === '' ? name : `${directory}/${name}`
  }

  #some(is: (stats: fs.Stats) => boolean = () => true): string {
    const found = this.#all().filter(({ stats }) => is(stats))
    if (found.length === 0) throw Object.assign(new Error('none'), { code: 'ENOENT' })
    return this.#pick(found).path
  }

  #content(): Buffer {
    const size = this.#pick([0, 1, 100, 4096, 5000, 70_000, 300_000])
    const kind = this.#below(3)
    return Buffer.from(Uint8Array.from({ length: size }, (_, i) => (kind === 0 ? 0 : kind === 1 ? (i % 61) + 32 : this.#below(256))))
  }

  async #step(): Promise<void> {
    const isFile = (stats: fs.Stats): boolean => stats.isFile()
    const at = (path: string): Buffer => this.#bytes(path)
    switch (this.#below(24)) {
      case 0:
      case 1:
      case 2:
        return fs.writeFileSync(at(this.#new()), this.#content(), { flag: 'wx' })
      case 3:
      case 4:
        return fs.mkdirSync(at(this.#new()))
      case 5:
        return fs.symlinkSync(this.#pick(['a', '../b', '/nowhere', '\xff\xfe raw', 'x'.repeat(1000)]), at(this.#new()))
      case 6:
        return this.#system.makeNode(at(this.#new()), this.#pick([0o010600, 0o020600, 0o060600, 0o140600]), this.#below(300), this.#below(70_000))
      case 7:
        return fs.linkSync(at(this.#some(stats => !stats.isDirectory())), at(this.#new()))
      case 8:
      case 9: {
        // Into a file, over its end, or far behind it.
        const file = fs.openSync(at(this.#some(isFile)), 'r+')
        const data = this.#content()
        fs.writeSync(file, data, 0, data.length, this.#pick([0, 1, 4096, 50_000, 8_000_000]))
        return fs.closeSync(file)
      }
      case 10:
        return fs.truncateSync(at(this.#some(isFile)), this.#pick([0, 1, 4096, 60_001, 3_000_000]))
      case 11: {
        const [from, to] = [this.#some(isFile), this.#some(isFile)]
        const blocks = Math.floor(fs.statSync(at(from)).size / 4096)
        if (blocks === 0) return
        return this.#system.cloneRange(at(from), this.#below(blocks) * 4096, 4096, at(to), this.#below(20) * 4096)
      }
      case 12:
        return fs.copyFileSync(at(this.#some(isFile)), at(this.#new()), fs.constants.COPYFILE_FICLONE | fs.constants.COPYFILE_EXCL)
      case 13:
      case 14:
        return fs.renameSync(at(this.#some()), at(this.#new()))
      case 15: {
        // Two change places.
        const [one, two, aside] = [this.#some(), this.#some(), at('aside while swapping')]
        if (one === two || one.startsWith(`${two}/`) || two.startsWith(`${one}/`)) return
        fs.renameSync(at(one), aside)
        fs.renameSync(at(two), at(one))
        return fs.renameSync(aside, at(two))
      }
      case 16:
        return fs.unlinkSync(at(this.#some(stats => !stats.isDirectory())))
      case 17:
        return fs.rmSync(at(this.#some(stats => stats.isDirectory())), { recursive: true })
      case 18: {
        // A file in place of a directory, or the other way round.
        const path = this.#some()
        const isDirectory = fs.lstatSync(at(path)).isDirectory()
        fs.rmSync(at(path), { recursive: true })
        return isDirectory ? fs.writeFileSync(at(path), this.#content()) : fs.mkdirSync(at(path))
      }
      case 19:
        return fs.chmodSync(at(this.#some(stats => !stats.isSymbolicLink())), this.#pick([0o644, 0o4755, 0o000, 0o1777, 0o2555]))
      case 20:
        return fs.lchownSync(at(this.#some()), this.#pick([0, 1, 65534, 3_000_000_000]), this.#pick([0, 1, 65534]))
      case 21: {
        const [atime, mtime] = [{ seconds: this.#below(2e9), nanoseconds: this.#below(1e9) }, { seconds: this.#pick([-1e9, -1, 0, 1.7e9, 4e9]), nanoseconds: this.#below(1e9) }] // prettier-ignore
        return this.#system.setTimes(at(this.#some()), atime, mtime)
      }
      case 22: {
        const name = this.#pick(['user.tag', 'user.\xff', 'trusted.secret', 'security.other', 'user.big'])
        const value = Buffer.alloc(name === 'user.big' ? 3000 : this.#below(40), this.#below(256))
        return this.#system.setXattr(at(this.#some()), Buffer.from(name, 'latin1'), value)
      }
      default:
        return this.#system.removeXattr(at(this.#some()), Buffer.from(this.#pick(['user.tag', 'trusted.secret'])))
    }
  }
}

/** Subvolumes of a test in a directory of its own on btrfs. */
export class Bench implements Disposable {
  readonly root: string

  constructor(mount: string) {
    this.root = fs.mkdtempSync(join(mount, 'apply-'))
  }

  at(...names: readonly string[]): string {
    return join(this.root, ...names)
  }

  /** A stream, with the options of `btrfs send`. */
  send(...args: readonly string[]): Buffer {
    return execFileSync('btrfs', ['send', '-q', ...args], { maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  receive(stream: Uint8Array, directory: string): void {
    execFileSync('btrfs', ['receive', '-q', directory], { input: stream, stdio: ['pipe', 'pipe', 'pipe'] })
  }

  [Symbol.dispose](): void {
    const volumes = (directory: string): string[] =>
      fs.readdirSync(directory, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => join(directory, name)) // prettier-ignore
    for (const directory of [...volumes(this.root).flatMap(volumes), ...volumes(this.root)])
      if (fs.lstatSync(directory, { throwIfNoEntry: false })?.ino === 256) btrfs('subvolume', 'delete', directory)
    fs.rmSync(this.root, { recursive: true, force: true })
  }
}
