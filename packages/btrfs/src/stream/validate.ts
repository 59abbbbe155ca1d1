import type { Bytes } from '@syncline/core'
import type { CloneCommand, RawPath, SnapshotCommand, StreamCommand, SubvolCommand } from './command.ts'
import { StreamParser, type StreamItem } from './parser.ts'
import { PathTree } from './path-tree.ts'
import { streamError } from './stream-error.ts'
import { renamed } from './writer.ts'

/** What a stream may do. */
export interface ValidateOptions {
  /** It must hold the content, not only what changed; default true. */
  readonly restorable?: boolean | undefined
  /** Volumes, beside its own and its parent, from which ranges may be cloned, by UUID; default: any, since the receiver looks them up. */
  readonly cloneSources?: ReadonlySet<string> | undefined
  /** Symbolic links of the volume that an incremental stream starts from. With them, writing through one is noticed too. */
  readonly symlinks?: Iterable<RawPath> | undefined
}

/** Bytes that one compressed range may decode to. The kernel makes 128 KiB; the number in a stream is whatever the sender says. */
const mostDecoded = 16 * 1024 * 1024
/** What Linux file systems allow, in bytes. */
const [longestName, longestPath] = [255, 4095]

/**
 * Checks that the commands of a stream make sense together and stay inside of their volume.
 *
 * `btrfs receive` does not: it follows `..`, writes through symbolic links that the stream itself made, and without a volume writes to the
 * directory it was started in. So nothing from a file or a network goes to it before it went through here.
 */
export class StreamValidator {
  readonly #options: ValidateOptions
  #volume: SubvolCommand | SnapshotCommand | undefined
  #links = new PathTree<true>()
  #volumes = 0

  constructor(options: ValidateOptions = {}) {
    this.#options = options
  }

  /** Checks the next item. @throws StorageError `CORRUPT` with the offset and what is wrong */
  check(item: StreamItem): void {
    if (item.kind === 'header') {
      this.#volume = undefined
      return
    }
    const problem = this.#problem(item.command)
    if (problem !== undefined) throw streamError(item.offset, problem)
  }

  /** Volumes so far. */
  get volumes(): number {
    return this.#volumes
  }

  #problem(command: StreamCommand): string | undefined {
    if (command.name === 'subvol' || command.name === 'snapshot') return this.#begin(command)
    if (this.#volume === undefined) return `${command.name} comes before a volume`
    if (command.name === 'end') return undefined
    const problem = pathProblem(command.path, mayBeRoot.has(command.name)) ?? this.#throughLink(command.path)
    if (problem !== undefined) return `${command.name} at ${show(command.path)}: ${problem}`
    return this.#rest(command)
  }

  #begin(command: SubvolCommand | SnapshotCommand): string | undefined {
    const { path } = command
    const problem = path.includes('/') ? 'it is more than one name' : pathProblem(path, false)
    if (problem !== undefined) return `the volume cannot be named ${show(path)}: ${problem}`
    this.#volume = command
    this.#volumes++
    this.#links = new PathTree()
    if (command.name === 'snapshot') for (const link of this.#options.symlinks ?? []) this.#links.set(link, true)
    return undefined
  }

  #rest(command: Exclude<StreamCommand, { readonly name: 'subvol' | 'snapshot' | 'end' }>): string | undefined {
    switch (command.name) {
      case 'symlink':
        this.#links.delete(command.path)
        this.#links.set(command.path, true)
        return textProblem(command.link, longestPath, 'the target')
      case 'mkfile':
      case 'mkdir':
      case 'mkfifo':
      case 'mksock':
      case 'mknod':
      case 'unlink':
      case 'rmdir':
        this.#links.delete(command.path)
        return undefined
      case 'rename': {
        const problem = pathProblem(command.to, false) ?? this.#throughLink(command.to)
        if (problem !== undefined) return `rename to ${show(command.to)}: ${problem}`
        // Between two names of one file, a rename does nothing: both are still there. Whether two links are one cannot be seen, so both stay marked.
        if (this.#links.get(command.path) === true && this.#links.get(command.to) === true) return undefined
        this.#links.rename(command.path, command.to)
        return undefined
      }
      case 'link': {
        const problem = pathProblem(command.link, false) ?? this.#throughLink(command.link)
        if (problem !== undefined) return `link to ${show(command.link)}: ${problem}`
        // A second name of a symbolic link is one, too.
        if (this.#links.get(command.link) === true) this.#links.set(command.path, true)
        return undefined
      }
      case 'clone': {
        const problem = pathProblem(command.clonePath, false)
        if (problem !== undefined) return `clone from ${show(command.clonePath)}: ${problem}`
        return (
          this.#ownLink(command.path) ??
          this.#cloneThroughLink(command) ??
          rangeProblem(command.cloneOffset, command.cloneLength) ??
          rangeProblem(command.offset, command.cloneLength) ??
          this.#cloneProblem(command.cloneUuid)
        )
      }
      case 'write':
        return this.#ownLink(command.path) ?? rangeProblem(command.offset, command.data.length)
      case 'encodedWrite': {
        const { unencodedLength, unencodedOffset, unencodedFileLength, compression = 0, encryption = 0 } = command
        if (encryption !== 0) return `a range of ${show(command.path)} is encrypted`
        if (compression > 7) return `a range of ${show(command.path)} has compression ${compression}, which is not known`
        if (unencodedLength > mostDecoded) return `a range of ${show(command.path)} claims to decode to ${unencodedLength} bytes`
        if (unencodedOffset + unencodedFileLength > unencodedLength) return `a range of ${show(command.path)} is longer than what it decodes to`
        return this.#ownLink(command.path) ?? rangeProblem(command.offset, unencodedFileLength)
      }
      case 'fallocate':
        return this.#ownLink(command.path) ?? rangeProblem(command.offset, command.size)
      case 'truncate':
      case 'chmod':
        return this.#ownLink(command.path)
      case 'updateExtent':
        return this.#options.restorable === false ? undefined : 'it was sent without data, and nothing can be restored from it'
      case 'setXattr':
      case 'removeXattr':
        return textProblem(command.xattrName, longestName, 'the name of an attribute')
      case 'chown':
      case 'utimes':
      case 'setFileAttributes':
        return undefined
    }
  }

  /** A path below something that this stream made a symbolic link leads wherever that points. */
  #throughLink(path: RawPath): string | undefined {
    const link = this.#links.above(path)
    return link === undefined ? undefined : `${show(link)} is a symbolic link`
  }

  /** What follows links at its last name, too. */
  #ownLink(path: RawPath): string | undefined {
    return this.#links.get(path) === true ? `${show(path)} is a symbolic link` : undefined
  }

  /** Content of the machine's own files must not get into a volume: whoever sent the stream could fetch it from there. */
  #cloneThroughLink({ cloneUuid, clonePath }: CloneCommand): string | undefined {
    if (cloneUuid !== this.#volume?.uuid) return undefined
    const problem = this.#throughLink(clonePath) ?? this.#ownLink(clonePath)
    return problem === undefined ? undefined : `clone from ${show(clonePath)}: ${problem}`
  }

  #cloneProblem(uuid: string): string | undefined {
    const { cloneSources } = this.#options
    const volume = this.#volume
    if (cloneSources === undefined || cloneSources.has(uuid) || volume?.uuid === uuid) return undefined
    return volume?.name === 'snapshot' && volume.cloneUuid === uuid ? undefined : `it clones from the volume ${uuid}, which it has no business with`
  }
}

/** What acts on the root of the volume, too. */
const mayBeRoot: ReadonlySet<string> = new Set(['chown', 'chmod', 'utimes', 'setXattr', 'removeXattr', 'setFileAttributes'])

function pathProblem(path: RawPath, mayBeEmpty: boolean): string | undefined {
  if (path === '') return mayBeEmpty ? undefined : 'it is empty'
  if (path.length > longestPath) return `it has ${path.length} bytes`
  if (path.includes('\0')) return 'it has a NUL byte'
  for (let start = 0; start <= path.length;) {
    let end = path.indexOf('/', start)
    if (end === -1) end = path.length
    const length = end - start
    if (length === 0) return start === 0 ? 'it is absolute' : 'it has an empty name'
    if (length > longestName) return `it has a name of ${length} bytes`
    if (path.charCodeAt(start) === 0x2e && (length === 1 || (length === 2 && path.charCodeAt(start + 1) === 0x2e))) return 'it leaves its directory'
    start = end + 1
  }
  return undefined
}

function textProblem(text: string, longest: number, what: string): string | undefined {
  if (text === '') return `${what} is empty`
  if (text.includes('\0')) return `${what} has a NUL byte`
  return text.length > longest ? `${what} has ${text.length} bytes` : undefined
}

function rangeProblem(offset: number, length: number): string | undefined {
  return Number.isSafeInteger(offset + length) ? undefined : `the range of ${length} bytes at ${offset} is beyond what a file can have`
}

/** For messages: as text where it is UTF-8. */
function show(path: RawPath): string {
  return JSON.stringify(Buffer.from(path, 'latin1').toString())
}

/** What is told beside the bytes. */
export interface ValidatedOptions extends ValidateOptions {
  /**
   * Gives the volume another name on its way, as `withVolumeName` does but without reading everything a second time. A character per byte.
   * A second volume is refused, because it would get the same name.
   */
  readonly volumeName?: RawPath | undefined
  /** Called with every item that was found good, as it came in, before its bytes are given out. */
  readonly onItem?: ((item: StreamItem) => void) | undefined
}

/**
 * The same bytes, checked on their way: no byte of a header or command is given out before the whole of it was found good.
 *
 * @throws StorageError `CORRUPT` when the stream is damaged, cut off, or does what it must not
 */
export async function* validated(stream: Bytes, options: ValidatedOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const { onItem, volumeName, ...rules } = options
  const parser = new StreamParser()
  const validator = new StreamValidator(rules)
  for await (const chunk of stream) {
    let good: Uint8Array | undefined
    for (const item of parser.push(chunk)) {
      validator.check(item)
      onItem?.(item)
      const bytes = volumeName === undefined ? item.bytes : renamed(item, volumeName, validator.volumes)
      // What lies side by side in the chunk leaves in one piece.
      if (good !== undefined && good.buffer === bytes.buffer && good.byteOffset + good.length === bytes.byteOffset)
        good = new Uint8Array(good.buffer, good.byteOffset, good.length + bytes.length)
      else {
        if (good !== undefined) yield good
        good = bytes
      }
    }
    if (good !== undefined) yield good
  }
  parser.finish()
}
