import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { parentPath, StorageError, temporaryPrefix, type Path } from '@syncline/core'
import { makeDurable } from './durable.ts'

/** Of another computer nobody here can tell whether it still writes. */
const foreignAgeMs = 24 * 60 * 60 * 1000
const stagePrefix = `${temporaryPrefix}extract-`
const { O_CREAT, O_EXCL, O_WRONLY } = constants

/**
 * A tree that is made out of sight, in a directory of this computer that is empty or not there yet, and then shown at once: its top-level names are moved
 * to where they belong. Nobody sees half a file, so each can be written under its own name, with three calls of the system. Where something is
 * already, the storage writes, which takes twice as many for every file and minds what is there.
 */
export class Staging {
  readonly #root: string
  readonly #stage: string
  readonly #madeRoot: boolean
  /** The last directory that a file lay in: most come from the same. */
  #parent: Path = ''

  private constructor(root: string, stage: string, madeRoot: boolean) {
    this.#root = root
    this.#stage = stage
    this.#madeRoot = madeRoot
  }

  /** @returns undefined where something is already, or nothing can be made; the storage then says what is wrong */
  static begin(root: string): Staging | undefined {
    try {
      const madeRoot = makeRoot(root)
      removeAbandoned(root)
      if (readdirSync(root).length > 0) return undefined
      const stage = join(root, `${stagePrefix}${host()}-${process.pid}-${Math.random().toString(36).slice(2)}`)
      mkdirSync(stage)
      return new Staging(root, stage, madeRoot)
    } catch {
      return undefined
    }
  }

  makeDirectory(path: Path): void {
    mkdirSync(this.#at(path), { recursive: true })
  }

  /** @throws StorageError `NO_SPACE`, `INVALID_PATH`; errors of the system for what only this file has */
  async writeFile(path: Path, content: AsyncIterable<Uint8Array>): Promise<void> {
    const file = this.#at(path)
    const parent = parentPath(path)
    if (parent !== this.#parent) {
      this.makeDirectory(parent)
      this.#parent = parent
    }
    const fd = openSync(file, O_CREAT | O_EXCL | O_WRONLY, 0o666)
    let isWhole = false
    try {
      for await (const chunk of content) writeAll(fd, chunk)
      isWhole = true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOSPC' || code === 'EDQUOT') throw new StorageError('NO_SPACE', `no space is left for ${path}`, { path, cause: error })
      throw error
    } finally {
      closeSync(fd)
      if (!isWhole) unlinkSync(file)
    }
  }

  /**
   * Shows the tree, once it is durable: after a power cut there is all of it or nothing.
   *
   * @returns top-level names that somebody else has used meanwhile; theirs stay, and ours go
   */
  async publish(): Promise<readonly string[]> {
    await makeDurable(this.#stage)
    const taken: string[] = []
    for (const name of readdirSync(this.#stage)) {
      const [from, to] = [join(this.#stage, name), join(this.#root, name)]
      try {
        // A directory takes the place of an empty one, which is no loss, and of nothing else.
        if (lstatSync(from).isDirectory()) renameSync(from, to)
        else moveFile(from, to)
      } catch (error) {
        if (lstatSync(to, { throwIfNoEntry: false }) === undefined) throw error
        taken.push(name)
      }
    }
    rmSync(this.#stage, { recursive: true })
    return taken
  }

  /** Leaves everything as it was. */
  discard(): void {
    rmSync(this.#stage, { recursive: true, force: true })
    try {
      if (this.#madeRoot) rmdirSync(this.#root)
    } catch {
      // Somebody uses it meanwhile.
    }
  }

  #at(path: Path): string {
    if (path.includes(temporaryPrefix) && path.split('/').some(name => name.startsWith(temporaryPrefix)))
      throw new StorageError('INVALID_PATH', `names that begin with ${temporaryPrefix} are kept for files under way`, { path })
    return path === '' ? this.#stage : `${this.#stage}/${path}`
  }
}

/** @returns whether it was not there. Only its parents can be missing more than once, and those the storage makes */
function makeRoot(root: string): boolean {
  if (existsSync(root)) return false
  mkdirSync(root)
  return true
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}

/** A link, unlike a move, never takes the place of what is there. */
function moveFile(from: string, to: string): void {
  try {
    linkSync(from, to)
    unlinkSync(from)
  } catch (error) {
    const hasNoLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')
    if (!hasNoLinks || lstatSync(to, { throwIfNoEntry: false }) !== undefined) throw error
    renameSync(from, to)
  }
}

/** What a process has left that was killed. */
function removeAbandoned(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(stagePrefix)) continue
    const [from, pid] = name.slice(stagePrefix.length).split('-')
    const stage = join(root, name)
    const isDead = from === host() ? !isRunning(Number(pid)) : Date.now() - lstatSync(stage).ctimeMs > foreignAgeMs
    if (isDead) rmSync(stage, { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function host(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
}
