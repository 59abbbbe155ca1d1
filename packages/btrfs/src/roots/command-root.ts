import { StorageError, type AbortOptions, type Bytes } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import { parseList, type ListScope } from '../subvolume/parse-list.ts'
import { textOf } from '../subvolume/raw-text.ts'
import type { Subvolume, SubvolumeDetails } from '../subvolume/subvolume.ts'
import { runPrivileged, showSubvolume, type Commands } from './btrfs-commands.ts'
import type { FoundRoot } from './find-root.ts'
import { recover } from './recover.ts'
import { receiveInto } from './receive-into.ts'
import type { BtrfsRoot, ReceiveMeta, ReceiveOptions, Recovery, SendFlow, SendOptions } from './root.ts'
import { sendFlow } from './send-flow.ts'

/** What a root on a file system is made of. */
export interface CommandRootOptions extends FoundRoot {
  readonly commands: Commands
  readonly scope: ListScope['scope']
}

/** A subvolume of a btrfs file system as a root, by way of the program `btrfs`. */
export class CommandRoot implements BtrfsRoot {
  readonly name: string
  readonly borrows = true
  readonly #commands: Commands
  readonly #rootPath: RawPath
  readonly #listScope: ListScope
  readonly #bootId: string

  constructor({ commands, rootPath, details, scope, bootId }: CommandRootOptions) {
    this.name = `${commands.host.label}${textOf(rootPath)}`
    this.#commands = commands
    this.#rootPath = rootPath
    this.#bootId = bootId
    this.#listScope = { rootId: details.id ?? 0, rootPath: details.treePath, scope }
  }

  async list(options: AbortOptions = {}): Promise<readonly Subvolume[]> {
    const what = `listing the subvolumes of ${this.name}`
    const list = (...flags: readonly string[]): Promise<string> =>
      runPrivileged(this.#commands, what, ['btrfs', 'subvolume', 'list', '-a', '-c', '-u', '-q', '-R', ...flags, '--', this.#rootPath], options)
    const [all, readonly] = await Promise.all([list('--sort=rootid'), list('-r', '--sort=-rootid')])
    return parseList(all, readonly, this.#listScope)
  }

  async show(path: RawPath = '', options: AbortOptions = {}): Promise<SubvolumeDetails | undefined> {
    const found = await showSubvolume(this.#commands, this.#absolute(path), path, options)
    if (found === 'other') throw new StorageError('NOT_SUPPORTED', `${this.name}/${textOf(path)} is no subvolume`)
    return found
  }

  send(paths: readonly RawPath[], { parent, clones = [], signal }: SendOptions = {}): SendFlow {
    if (paths.length === 0) throw new TypeError('there is nothing to send')
    const { host, privileged } = this.#commands
    const basis = [...(parent === undefined ? [] : ['-p', this.#absolute(parent)]), ...clones.flatMap(clone => ['-c', this.#absolute(clone)])]
    const command = privileged(['btrfs', 'send', ...basis, '--', ...paths.map(path => this.#absolute(path))])
    return sendFlow(host, `sending ${paths.map(textOf).join(', ')} from ${this.name}`, command, { signal })
  }

  async receive(flow: Bytes, path: RawPath, meta: ReceiveMeta, options: ReceiveOptions = {}): Promise<void> {
    await receiveInto(flow, { commands: this.#commands, directory: this.#absolute(path), bootId: this.#bootId, meta, ...options })
  }

  recover(volumes: readonly Subvolume[], options: AbortOptions = {}): Promise<Recovery> {
    return recover(volumes, { commands: this.#commands, rootPath: this.#rootPath, bootId: this.#bootId, ...options })
  }

  async sync(options: AbortOptions = {}): Promise<void> {
    await runPrivileged(this.#commands, `writing ${this.name} to disk`, ['btrfs', 'filesystem', 'sync', this.#rootPath], options)
  }

  async snapshot(from: RawPath, to: RawPath, options: AbortOptions = {}): Promise<void> {
    const [source, target] = [this.#absolute(from), this.#absolute(to)]
    // Into a directory that is there, the program would put the snapshot under another name.
    if ((await showSubvolume(this.#commands, target, to, options)) !== undefined)
      throw new StorageError('ALREADY_EXISTS', `${this.name}/${textOf(to)} is there already`)
    const what = `making the snapshot ${this.name}/${textOf(to)} of ${textOf(from)}`
    await runPrivileged(this.#commands, what, ['btrfs', 'subvolume', 'snapshot', '-r', '--', source, target], options)
  }

  async remove({ path, uuid }: Subvolume, options: AbortOptions = {}): Promise<void> {
    if (path === undefined || path === '') throw new StorageError('INVALID_PATH', `the subvolume ${uuid} has no path below ${this.name}`)
    const place = `${this.name}/${textOf(path)}`
    const found = await showSubvolume(this.#commands, this.#absolute(path), path, options)
    if (found === undefined) return
    if (found === 'other' || found.uuid !== uuid || !found.readonly)
      throw new StorageError('PRECONDITION_FAILED', `${place} is not the read-only subvolume ${uuid} any more, so it stays`)
    await runPrivileged(this.#commands, `deleting ${place}`, ['btrfs', 'subvolume', 'delete', '-c', '--', this.#absolute(path)], options)
  }

  /** @throws StorageError `INVALID_PATH` for what leaves the root, or that btrfs' programs cannot print */
  #absolute(path: RawPath): RawPath {
    if (path === '') return this.#rootPath
    const names = path.split('/')
    if (names.some(name => name === '' || name === '.' || name === '..'))
      throw new StorageError('INVALID_PATH', `"${textOf(path)}" must be relative to ${this.name} and stay inside`)
    if (/[\n\0]/.test(path)) throw new StorageError('INVALID_PATH', `${JSON.stringify(textOf(path))} has a line break or a NUL byte`)
    return this.#rootPath === '/' ? `/${path}` : `${this.#rootPath}/${path}`
  }
}
