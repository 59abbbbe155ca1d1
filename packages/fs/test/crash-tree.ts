import { spawn } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The three directories of a run. */
export interface Places {
  readonly root: string
  readonly source: string
  readonly destination: string
  readonly state: string
}

export function placesIn(root: string): Places {
  const places = { root, source: join(root, 'source'), destination: join(root, 'destination'), state: join(root, 'state') }
  for (const place of [places.source, places.destination, places.state]) mkdirSync(place, { recursive: true })
  return places
}

/** What a child is asked to do. */
export interface ChildOptions {
  readonly killAt?: number
  readonly moment?: 'before' | 'midway' | 'after'
  /** Let the destination take batches, whose calls cannot be counted. */
  readonly batch?: boolean
  /** In front of the program, as `strace`. */
  readonly under?: readonly string[]
}

export interface ChildResult {
  readonly signal: string | null
  readonly code: number | null
  readonly errors: string
  /** Of a run that came to its end. */
  readonly report:
    | {
        readonly calls: readonly string[]
        readonly items: readonly string[]
        readonly settled: readonly string[]
        readonly failures: readonly unknown[]
        readonly stale: readonly unknown[]
      }
    | undefined
}

const child = fileURLToPath(new URL('crash-child.mjs', import.meta.url))

/** One sync in a process of its own. */
export function runChild({ root, source, destination, state }: Places, { under = [], ...options }: ChildOptions = {}): Promise<ChildResult> {
  const counts = join(root, 'report.json')
  rmSync(counts, { force: true })
  const argument = JSON.stringify({ source, destination, state, counts, ...options })
  const [program = process.execPath, ...args] = [...under, process.execPath, child, argument]
  return new Promise((resolve, reject) => {
    const running = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    running.stderr.on('data', (text: Buffer) => (errors += text.toString()))
    running.on('error', reject)
    running.on('close', (code, signal) => {
      let report: ChildResult['report']
      try {
        report = JSON.parse(readFileSync(counts, 'utf8')) as NonNullable<ChildResult['report']>
      } catch {
        report = undefined
      }
      resolve({ signal, code, errors, report })
    })
  })
}

const old = new Date('2026-01-01T00:00:00Z')

function put(root: string, path: string, text: string, time = old): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  utimesSync(join(root, path), time, time)
}

/** What both sides have at the last sync: on the source, the first run brings it across. */
export function makeBase({ source }: Places): void {
  const files = [
    'same',
    'update-source',
    'update-destination',
    'delete-source',
    'delete-destination',
    'rename-source',
    'rename-destination',
    'file-to-directory',
    'newest',
    'both.txt',
    'touched',
    'permissions',
    'log.log',
  ]
  for (const name of files) put(source, name, `${name} as it was`)
  for (const name of ['a', 'deep/b', 'deep/c']) put(source, `moved-directory/${name}`, `moved ${name}`)
  for (const name of ['a', 'deep/b']) put(source, `deleted-directory/${name}`, `deleted ${name}`)
  for (const name of ['a', 'deep/b']) put(source, `directory-to-file/${name}`, `replaced ${name}`)
  mkdirSync(join(source, 'empty'))
  symlinkSync('same', join(source, 'link'))
  symlinkSync('same', join(source, 'link-deleted'))
  symlinkSync('same', join(source, 'link-to-file'))
  put(source, '.syncignore', '*.log\n')
}

/** Edits of every kind, on both sides. */
export function editBoth({ source, destination }: Places): void {
  put(source, 'new-at-source', 'new at the source')
  put(destination, 'new-at-destination', 'new at the destination')
  put(source, 'new/with/parents', 'deep')
  put(destination, 'log.log', 'another, ignored')
  put(source, 'extra.log', 'ignored at the source')
  put(source, 'update-source', 'edited at the source, longer')
  put(destination, 'update-destination', 'edited at the destination')
  unlinkSync(join(source, 'delete-source'))
  unlinkSync(join(destination, 'delete-destination'))
  renameSync(join(source, 'rename-source'), join(source, 'renamed-source'))
  mkdirSync(join(destination, 'sub'))
  renameSync(join(destination, 'rename-destination'), join(destination, 'sub/renamed-destination'))
  renameSync(join(source, 'moved-directory'), join(source, 'moved'))
  rmSync(join(source, 'deleted-directory'), { recursive: true })
  rmSync(join(source, 'file-to-directory'))
  put(source, 'file-to-directory/inside', 'inside what was a file')
  rmSync(join(destination, 'directory-to-file'), { recursive: true })
  put(destination, 'directory-to-file', 'was a directory')
  put(source, 'newest', 'edited here', new Date('2026-02-01T00:00:00Z'))
  put(destination, 'newest', 'edited there, later', new Date('2026-03-01T00:00:00Z'))
  put(source, 'both.txt', 'ours of both')
  put(destination, 'both.txt', 'theirs of both!', new Date('2026-01-02T00:00:00Z'))
  utimesSync(join(source, 'touched'), old, new Date('2026-05-01T00:00:00Z'))
  chmodSync(join(destination, 'permissions'), 0o600)
  unlinkSync(join(source, 'link'))
  symlinkSync('update-source', join(source, 'link'))
  unlinkSync(join(destination, 'link-deleted'))
  unlinkSync(join(source, 'link-to-file'))
  put(source, 'link-to-file', 'was a link')
  rmSync(join(destination, 'empty'), { recursive: true })
  mkdirSync(join(source, 'closed'))
  put(source, 'closed/inside', 'in a directory that may not be written to')
  chmodSync(join(source, 'closed'), 0o555)
}

/** Everything below a directory, in one word per path: kind, permissions, time to the microsecond of files, content. */
export function snapshot(root: string, isWanted: (path: string) => boolean = () => true): Record<string, string> {
  const found: Record<string, string> = {}
  const walk = (path: string): void => {
    for (const name of readdirSync(join(root, path)).sort()) {
      const at = path === '' ? name : `${path}/${name}`
      if (!isWanted(at)) continue
      const stats = lstatSync(join(root, at), { bigint: true })
      const mode = (stats.mode & 0o777n).toString(8)
      if (stats.isSymbolicLink()) found[at] = `-> ${readlinkSync(join(root, at))}`
      else if (stats.isDirectory()) {
        found[at] = `directory ${mode}`
        walk(at)
      } else found[at] = `file ${mode} ${stats.mtimeNs / 1000n} ${readFileSync(join(root, at)).toString('latin1')}`
    }
  }
  walk('')
  return found
}

/** The content that a trash holds, each once: a repeated run may keep a thing twice. */
export function trashed(root: string): string[] {
  const words = Object.entries(snapshot(root)).filter(([path, word]) => path.startsWith('.syncline-trash/') && !word.startsWith('directory'))
  return [...new Set(words.map(([, word]) => word.replace(/^file \d+ \d+ /, '')))].sort()
}

/** What a user sees, conflict copies without the time in their name. */
export function userTree(root: string): Record<string, string> {
  const tree = snapshot(root, path => !path.startsWith('.syncline-trash'))
  return Object.fromEntries(Object.entries(tree).map(([path, word]) => [path.replace(/ \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d/, ''), word]))
}

export function removeTree(root: string): void {
  for (const [path, word] of Object.entries(snapshot(root))) if (word.startsWith('directory')) chmodSync(join(root, path), 0o700)
  rmSync(root, { recursive: true })
}
