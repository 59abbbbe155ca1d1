import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, type Dirent } from 'node:fs'
import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { compareUtf8, joinPath, messageOf, temporaryPrefix, type Path } from '@syncline/core'
import type { SnarfInput } from '../format/index.ts'

/** Files up to this size are read whole. */
const wholeBytes = 256 * 1024
const small = new Uint8Array(64 * 1024)
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** The directory of this computer that a location names; `undefined` for another place. */
export function localDirectory(location: string): string | undefined {
  // There names and flags mean other things; the storage knows them.
  if (process.platform === 'win32') return undefined
  if (/^file:/i.test(location)) return fileURLToPath(location)
  return /^[a-z][a-z0-9+.-]+:/i.test(location) ? undefined : resolve(location)
}

/**
 * The members of a directory, in the order in which an archive has them: each file is read when its turn comes, with four calls of the system. Asking a
 * storage for a listing first, and then for each file, takes twice as long.
 *
 * Content is valid until the next member is asked for.
 *
 * @param leaveOut - told of what is no member, and why
 * @returns undefined for what is no directory that can be read; the storage then says what is wrong with it
 * @throws if a file becomes shorter while it is read
 */
export function localTree(root: string, leaveOut: (path: Path, reason: string) => void): Iterable<SnarfInput> | undefined {
  try {
    return rootAndBelow(root, readdirSync(root, { withFileTypes: true }), leaveOut)
  } catch {
    return undefined
  }
}

function* rootAndBelow(root: string, items: Dirent[], leaveOut: (path: Path, reason: string) => void): Generator<SnarfInput> {
  yield { kind: 'directory', path: '' }
  yield* below(root, '', items, leaveOut)
}

function* below(root: string, directory: Path, items: Dirent[], leaveOut: (path: Path, reason: string) => void): Generator<SnarfInput> {
  for (const item of items.sort((a, b) => compareUtf8(a.name, b.name))) {
    if (item.name.startsWith(temporaryPrefix)) continue
    const path = joinPath(directory, item.name)
    try {
      if (item.isSymbolicLink()) leaveOut(path, 'it is a symbolic link')
      else if (item.isDirectory()) {
        const children = readdirSync(`${root}/${path}`, { withFileTypes: true })
        yield { kind: 'directory', path }
        yield* below(root, path, children, leaveOut)
      } else if (item.isFile()) yield openFile(root, path)
      else leaveOut(path, 'it is neither a file nor a directory')
    } catch (error) {
      if (!isUnreadable(error)) throw error
      // A name that is not UTF-8 comes as another one, which nothing has.
      leaveOut(path, item.name.includes('\ufffd') ? 'its name is not UTF-8' : messageOf(error))
    }
  }
}

function isUnreadable(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

function openFile(root: string, path: Path): SnarfInput {
  const fd = openSync(`${root}/${path}`, flags)
  let isOpen = true
  try {
    const { size } = fstatSync(fd)
    // An archive takes a copy of what is small before it asks for the next.
    if (size <= small.length) return { kind: 'file', path, size, content: read(fd, path, small.subarray(0, size)) }
    if (size <= wholeBytes) return { kind: 'file', path, size, content: read(fd, path, new Uint8Array(size)) }
    isOpen = false
    return { kind: 'file', path, size, content: stream(fd, path, size) }
  } finally {
    if (isOpen) closeSync(fd)
  }
}

/**
 * A file of this computer from front to back, through one buffer that is used again: chunks are valid until the next is asked for. A new one for each
 * chunk would let tens of MiB pile up before they are collected.
 *
 * @returns undefined if it is not the file of that size
 */
export function localFile(file: string, size: number): AsyncGenerator<Uint8Array> | undefined {
  let fd: number | undefined
  try {
    fd = openSync(file, flags)
    const stats = fstatSync(fd)
    if (stats.isFile() && stats.size === size) return stream(fd, file, size)
  } catch {
    // The storage says what is wrong.
  }
  if (fd !== undefined) closeSync(fd)
  return undefined
}

async function* stream(fd: number, path: Path, size: number): AsyncGenerator<Uint8Array> {
  try {
    const buffer = new Uint8Array(wholeBytes)
    for (let at = 0; at < size; at += wholeBytes) {
      // Reading waits for nothing, so that nobody else would have a turn: not the one who presses Ctrl-C.
      await setImmediate()
      yield read(fd, path, buffer.subarray(0, Math.min(wholeBytes, size - at)))
    }
  } finally {
    closeSync(fd)
  }
}

function read(fd: number, path: Path, bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  for (let at = 0; at < length;) {
    const count = readSync(fd, bytes, at, length - at, null)
    if (count === 0) throw new Error(`${path} became shorter while it was read; run it again`)
    at += count
  }
  return bytes
}
