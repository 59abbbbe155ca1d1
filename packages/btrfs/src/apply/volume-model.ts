import type { CloneCommand, RawPath, UtimesCommand } from '../stream/command.ts'
import { decodeRange } from '../stream/decode.ts'
import { toApplyError, unfit } from './apply-error.ts'
import type { Spool } from './spool.ts'
import type { Unapplied } from './unapplied.ts'
import type { VolumeCommand } from './volume-directory.ts'
import type { FileNode, VolumeNode, VolumeTree } from './volume-tree.ts'

const specials = { mkfifo: 'a pipe', mksock: 'a socket', mknod: 'a device' } as const

/** A volume as a stream makes it, in memory, with what is written to its files in a spool. */
export class VolumeModel {
  readonly tree: VolumeTree
  readonly #uuid: string
  readonly #spool: Spool
  readonly #source: (uuid: string) => Promise<VolumeTree>

  /** @param source - the tree of another volume, to clone from */
  constructor(tree: VolumeTree, uuid: string, spool: Spool, source: (uuid: string) => Promise<VolumeTree>) {
    this.tree = tree
    this.#uuid = uuid
    this.#spool = spool
    this.#source = source
  }

  /** @throws StorageError `CORRUPT` for what does not fit, `NO_SPACE` for a full spool */
  async carryOut(command: VolumeCommand): Promise<void> {
    try {
      await this.#run(command)
    } catch (error) {
      if (error instanceof RangeError) throw unfit(command.name, command.path, error.message)
      throw toApplyError(error, command.name, command.path)
    }
  }

  async #run(command: VolumeCommand): Promise<void> {
    const { path, name } = command
    const notes = new Map<string, Omit<Unapplied, 'path'>>()
    switch (name) {
      case 'mkfile':
        return this.tree.add(path, { kind: 'file', content: { kind: 'empty' }, notes }, name)
      case 'mkdir':
        return this.tree.add(path, { kind: 'directory', children: new Map(), notes }, name)
      case 'mkfifo':
      case 'mksock':
      case 'mknod':
        return this.tree.add(path, { kind: 'special', reason: `it is ${specials[name]}, and storages hold none`, notes }, name)
      case 'symlink':
        return this.tree.add(path, { kind: 'symlink', target: command.link, notes }, name)
      case 'rename':
        return this.tree.rename(path, command.to)
      case 'link': {
        const node = this.tree.need(command.link, name)
        if (node.kind === 'directory') throw unfit(name, path, 'a directory can have one name only')
        return this.tree.add(path, node, name)
      }
      case 'unlink':
      case 'rmdir':
        return this.tree.remove(path, name)
      case 'write':
        return this.#spool.write(this.#file(path, name), command.offset, command.data)
      case 'encodedWrite':
        return this.#spool.write(this.#file(path, name), command.offset, decode(command))
      case 'clone':
        return this.#clone(command)
      case 'truncate':
        return this.#spool.truncate(this.#file(path, name), command.size)
      case 'fallocate':
        return this.#fallocate(path, command.fallocateMode, command.offset, command.size)
      case 'chmod':
        this.tree.need(path, name).mode = command.mode & 0o7777
        return
      case 'chown':
        return this.#note(path, 'owner', 'owner', `it belongs to ${command.uid}:${command.gid}, which storages do not keep`)
      case 'utimes':
        return this.#setTimes(command)
      case 'setXattr': {
        const attribute = Buffer.from(command.xattrName, 'latin1').toString()
        return this.#note(path, attributeReason(attribute), 'xattr', attributeReason(attribute))
      }
      case 'removeXattr':
        this.tree.need(path, name).notes.delete(attributeReason(Buffer.from(command.xattrName, 'latin1').toString()))
        return
      case 'setFileAttributes':
        if (command.fileAttributes === 0) return void this.tree.need(path, name).notes.delete('flags')
        return this.#note(path, 'flags', 'flags', `flags ${command.fileAttributes} (as of chattr) are not set`)
    }
  }

  #note(path: RawPath, key: string, what: Unapplied['what'], reason: string): void {
    this.tree.need(path, what).notes.set(key, { what, reason })
  }

  #setTimes({ path, mtime }: UtimesCommand): void {
    this.tree.need(path, 'utimes').modified = mtime.seconds * 1000 + mtime.nanoseconds / 1e6
  }

  async #clone({ path, offset, cloneLength, cloneUuid, clonePath, cloneOffset }: CloneCommand): Promise<void> {
    const tree = cloneUuid === this.#uuid ? this.tree : await this.#source(cloneUuid)
    const source = fileOf(tree.get(clonePath), path, 'clone', `${JSON.stringify(clonePath)}, which it clones from,`)
    await this.#spool.copyRange(source.content, cloneOffset, cloneLength, this.#file(path, 'clone'), offset)
  }

  async #fallocate(path: RawPath, mode: number, offset: number, length: number): Promise<void> {
    if ((mode & ~0x13) !== 0) throw unfit('fallocate', path, `mode ${mode} is not known`)
    const node = this.#file(path, 'fallocate')
    if (node.content.kind === 'lost') return
    const before = await this.#spool.size(node.content)
    const end = (mode & 1) !== 0 ? Math.min(before, offset + length) : offset + length
    const pieceSize = 1024 * 1024
    const zeros = new Uint8Array(pieceSize)
    // 2 cuts a hole, 16 makes zeros; anything else reserves space, which has no meaning in a storage.
    if ((mode & 0x12) !== 0)
      for (let at = offset; at < Math.min(end, before); at += pieceSize)
        await this.#spool.write(node, at, zeros.subarray(0, Math.min(pieceSize, Math.min(end, before) - at)))
    if (end > before) await this.#spool.truncate(node, end)
  }

  #file(path: RawPath, doing: string): FileNode {
    return fileOf(this.tree.get(path), path, doing, 'it')
  }
}

function attributeReason(attribute: string): string {
  return `it has the attribute ${attribute}, which storages do not keep`
}

function fileOf(node: VolumeNode | undefined, path: RawPath, doing: string, what: string): FileNode {
  if (node?.kind === 'file') return node
  throw unfit(doing, path, node === undefined ? `${what} is not there` : `${what} is not a regular file`)
}

function decode(command: Parameters<typeof decodeRange>[0]): Uint8Array {
  try {
    return decodeRange(command)
  } catch (error) {
    throw unfit(command.name, command.path, `a compressed range is damaged (${(error as Error).message})`)
  }
}
