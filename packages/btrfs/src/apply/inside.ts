import { constants, lstatSync, type BigIntStats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { RawPath } from '../stream/command.ts'
import { errnoOf, unfit } from './apply-error.ts'

/**
 * A directory whose paths never lead out of it: no symbolic link is followed, neither above the last name nor there. Between the look and the act nobody can
 * put one there, as long as only we can write to the directory.
 */
export class Inside {
  readonly #root: string
  /** Seen to be directories, and so were all above them. */
  readonly #directories = new Set<RawPath>([''])

  /** @param root - as bytes, a character each */
  constructor(root: string) {
    this.#root = root
  }

  /** The path as the system takes it. @throws StorageError `CORRUPT` if a name above its last is anything but a directory */
  locate(path: RawPath, doing: string): Buffer {
    const slash = path.lastIndexOf('/')
    if (slash !== -1) this.#checkDirectory(path.slice(0, slash), path, doing)
    return this.#bytes(path)
  }

  /** What is there, a link as a link. */
  look(path: RawPath, doing: string): BigIntStats | undefined {
    return lstatSync(this.locate(path, doing), { bigint: true, throwIfNoEntry: false })
  }

  /**
   * Opens a regular file. Nothing else: a device would be written to, a pipe would be waited for.
   *
   * @param flags - of `fs.constants`
   */
  async open(path: RawPath, flags: number, doing: string): Promise<FileHandle> {
    const file = this.locate(path, doing)
    let handle: FileHandle
    try {
      if (lstatSync(file).isFile()) handle = await open(file, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      else throw unfit(doing, path, 'it is not a regular file')
    } catch (error) {
      if (errnoOf(error) === 'ELOOP') throw unfit(doing, path, 'it is a symbolic link')
      throw error
    }
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
    throw unfit(doing, path, 'it is not a regular file')
  }

  /** Something has another name now, or none. */
  forget(path: RawPath): void {
    if (!this.#directories.has(path)) return
    this.#directories.clear()
    this.#directories.add('')
  }

  #bytes(path: RawPath): Buffer {
    return Buffer.from(path === '' ? this.#root : `${this.#root}/${path}`, 'latin1')
  }

  #checkDirectory(directory: RawPath, path: RawPath, doing: string): void {
    if (this.#directories.has(directory)) return
    const slash = directory.lastIndexOf('/')
    if (slash !== -1) this.#checkDirectory(directory.slice(0, slash), path, doing)
    const stats = lstatSync(this.#bytes(directory), { throwIfNoEntry: false })
    if (stats === undefined) throw unfit(doing, path, 'its directory is not there')
    if (stats.isSymbolicLink()) throw unfit(doing, path, 'a symbolic link is above it, which would lead out of the volume')
    if (!stats.isDirectory()) throw unfit(doing, path, 'something that is no directory is above it')
    this.#directories.add(directory)
  }
}
