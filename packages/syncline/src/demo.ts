import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run, type CliEnvironment } from '@syncline/cli'
import { version } from '../package.json'
import { nodeEnvironment } from './node-environment.ts'

// What `npm start` shows: the main job on a real tree, through the same commands that a person types.

const dayMs = 24 * 60 * 60 * 1000
const root = await mkdtemp(join(tmpdir(), 'syncline-demo-'))
// Nothing outside of this directory is read or written, and the places have short names.
process.chdir(root)
process.env['XDG_STATE_HOME'] = join(root, 'state')

const environment: CliEnvironment = nodeEnvironment(version)
const isColored = environment.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''
// Somebody at a terminal may want to look around afterwards; a script wants nothing left behind.
const keeps = environment.stdout.isTTY

try {
  process.exitCode = await play()
} finally {
  if (!keeps) {
    process.chdir(tmpdir())
    await rm(root, { recursive: true, force: true })
  }
}

async function play(): Promise<number> {
  say('Syncline keeps two places the same. Here are a laptop and a USB stick:')
  await makeProject()
  await mkdir('usb-stick')
  list(['laptop/      a small project: sources, documents, photos, and a .syncignore', 'usb-stick/   empty'])

  step(1, 'The first sync copies everything and deletes nothing.')
  await command(['sync', 'laptop', 'usb-stick', '--yes'], 0)

  step(2, 'Then both sides are worked on.')
  await work()
  list([
    'laptop      edits src/app.ts, writes docs/ideas.md, deletes notes/old.md, renames photos/ to pictures/',
    'usb-stick   edits README.md, adds photos from a trip, renames docs/guide.md to docs/manual.md',
    'both        edit notes/todo.md: a conflict',
  ])

  step(3, 'plan shows what a sync would do, and why. It changes nothing.')
  await command(['plan', 'laptop', 'usb-stick', '--conflict', 'manual'], 4)

  step(4, 'sync does it. What it deletes goes to the trash, and the conflict is left for you.')
  await command(['sync', 'laptop', 'usb-stick', '--conflict', 'manual', '--yes'], 4)

  step(5, 'You decide the conflict: the newer version stays, the other one is kept in the trash.')
  await command(['conflicts', 'resolve', 'laptop', 'usb-stick', 'notes/todo.md', '--take', 'newest'], 0)

  step(6, 'Now both sides agree, and another sync has nothing to do.')
  await command(['sync', 'laptop', 'usb-stick', '--yes'], 0)
  await command(['check', 'laptop', 'usb-stick', '--compare', 'hash-only'], 0)

  say('')
  say(keeps ? `Look around in ${root}; remove it with: rm -r ${root}` : 'The directories of this demonstration are removed again.')
  say('Your own: npm start -- plan SRC DST, npm start -- sync SRC DST, npm start -- help')
  return 0
}

/** A tree as people have them: small texts, some larger files, generated things that do not belong into a sync. */
async function makeProject(): Promise<void> {
  const text = (title: string, lines: number): string =>
    `# ${title}\n\n${Array.from({ length: lines }, (_, line) => `Line ${line + 1} of ${title}.`).join('\n')}\n`
  const files: Record<string, string | Uint8Array> = {
    '.syncignore': '# What can be made again stays where it is.\nnode_modules/\n*.log\n',
    'README.md': text('Trail map', 20),
    'package.json': '{ "name": "trail-map", "type": "module" }\n',
    'src/app.ts': text('app', 60),
    'src/map.ts': text('map', 120),
    'src/tiles/cache.ts': text('cache', 80),
    'src/tiles/fetch.ts': text('fetch', 90),
    'docs/guide.md': text('Guide', 200),
    'docs/architecture.md': text('Architecture', 150),
    'notes/todo.md': text('To do', 5),
    'notes/old.md': text('Old ideas', 40),
    'notes/2026-11.md': text('November', 30),
    'photos/north-face.jpg': photo(420_000, 1),
    'photos/summit.jpg': photo(610_000, 2),
    'photos/lake.jpg': photo(380_000, 3),
    'build.log': text('Log', 500),
    'node_modules/left-out/index.js': 'export {}\n',
  }
  for (const [path, content] of Object.entries(files)) await put(`laptop/${path}`, content, 30)
}

async function work(): Promise<void> {
  await put('laptop/src/app.ts', '# app\n\nRewritten on the train.\n', 2)
  await put('laptop/docs/ideas.md', '# Ideas\n\nShow the weather along the trail.\n', 2)
  await rm('laptop/notes/old.md')
  await rename('laptop/photos', 'laptop/pictures')
  await put('usb-stick/README.md', '# Trail map\n\nNow with a trip report.\n', 1)
  await put('usb-stick/trip/ridge.jpg', photo(540_000, 4), 1)
  await put('usb-stick/trip/hut.jpg', photo(290_000, 5), 1)
  await rename('usb-stick/docs/guide.md', 'usb-stick/docs/manual.md')
  await put('laptop/notes/todo.md', '# To do\n\nBuy a map.\n', 2)
  await put('usb-stick/notes/todo.md', '# To do\n\nBuy a map and a compass.\n', 1)
}

/** Bytes that no two files share, the same in every run. */
function photo(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = seed * 2_654_435_761
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

async function put(path: string, content: string | Uint8Array, daysAgo: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  const time = (Date.now() - daysAgo * dayMs) / 1000
  await utimes(path, time, time)
}

/** Runs a command line as a person would, and ends the demonstration if it does not end as announced. */
async function command(words: readonly string[], expected: number): Promise<void> {
  say(`\n  ${paint(2, '$')} ${paint(1, `syncline ${words.join(' ')}`)}\n`)
  const code = await run(words, environment)
  if (code !== expected) throw new Error(`syncline ${words.join(' ')} ended with exit code ${code}, not ${expected}`)
}

function step(number: number, text: string): void {
  say(`\n${paint(36, `${number}`)}  ${paint(1, text)}`)
}

function list(lines: readonly string[]): void {
  for (const line of lines) say(`     ${line}`)
}

function say(text: string): void {
  environment.stdout.write(`${text}\n`)
}

function paint(code: number, text: string): string {
  return isColored ? `\u001b[${code}m${text}\u001b[0m` : text
}
