import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Bytes, Entry, ListOptions, ReadableStorage } from '@syncline/core'
import { onTestFinished } from 'vitest'

/** An empty directory that goes away with the test. */
export function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'syncline-fs-'))
  chmodSync(made, 0o777)
  onTestFinished(() => {
    // What a test closed must be opened for whoever is not root. The errors are of links that lead nowhere.
    spawnSync('chmod', ['-R', 'u+rwX', made], { stdio: 'ignore' })
    rmSync(made, { recursive: true, force: true })
  })
  return made
}

/** Writes files; a name that ends in "/" is a directory. */
export function fill(root: string, tree: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(tree)) {
    const file = join(root, path)
    mkdirSync(path.endsWith('/') ? file : dirname(file), { recursive: true })
    if (!path.endsWith('/')) writeFileSync(file, content)
  }
}

/** All names below a directory, temporaries included, with content; sorted. */
export function contents(root: string): Record<string, string> {
  const found: Record<string, string> = {}
  const visit = (prefix: string): void => {
    for (const name of readdirSync(join(root, prefix)).sort()) {
      const path = prefix + name
      const stats = lstatSync(join(root, path))
      if (stats.isDirectory()) {
        found[`${path}/`] = ''
        visit(`${path}/`)
      } else {
        found[path] = stats.isSymbolicLink()
          ? `-> ${readlinkSync(join(root, path))}`
          : stats.isFile()
            ? readFileSync(join(root, path), 'utf8')
            : 'other'
      }
    }
  }
  visit('')
  return found
}

/** Everything a listing yields. */
export async function listAll(storage: ReadableStorage, path = '', options?: ListOptions): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const page of storage.list(path, options)) entries.push(...(Array.isArray(page) ? (page as Entry[]) : [page as Entry]))
  return entries
}

/** Paths of a listing, directories with a final "/", problems with a "!". */
export async function listPaths(storage: ReadableStorage, path = '', options?: ListOptions): Promise<string[]> {
  return (await listAll(storage, path, options)).map(entry => entry.path + { directory: '/', problem: '!', file: '', symlink: '@' }[entry.kind])
}

/** Content of several chunks. */
export async function* bytes(...chunks: readonly string[]): Bytes & AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<{ code?: string; path?: string; message: string }> {
  try {
    await promise
  } catch (error) {
    return error as { code?: string; path?: string; message: string }
  }
  throw new Error('expected a rejection')
}

/** Threads of this process, where the system tells; else 0. */
export function threadCount(): number {
  return existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0
}

/** Whether this process may do anything to any file, also mount. */
export const isRoot: boolean = process.geteuid?.() === 0

/** Runs `act` as a user to whom permissions mean something, also when the tests run as root. */
export async function unprivileged<T>(act: () => Promise<T>): Promise<T> {
  if (!isRoot) return act()
  process.setegid?.(65534)
  process.seteuid?.(65534)
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}
