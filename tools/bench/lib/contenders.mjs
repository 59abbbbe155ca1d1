import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const command = fileURLToPath(new URL('../../../packages/syncline/dist/bin.js', import.meta.url))

/**
 * One program with one way of use.
 *
 * @typedef {object} Contender
 * @property {(source: string, destination: string, notes: string) => readonly string[]} command `notes`: a directory of its own for what it remembers
 * @property {(source: string, destination: string, notes: string) => readonly string[]} [first] where the first run is another command
 * @property {(notes: string) => Readonly<Record<string, string>>} [env]
 * @property {boolean} [firstOnly] it cannot tell what is there already
 */

const syncline = (/** @type {string} */ mode) => (/** @type {string} */ source, /** @type {string} */ destination, /** @type {string} */ notes) => [
  process.execPath,
  command,
  'sync',
  source,
  destination,
  '--mode',
  mode,
  '-y',
  '--state',
  join(notes, 'state'),
]

const unison = {
  command: (/** @type {string} */ source, /** @type {string} */ destination) => ['unison', '-batch', '-silent', '-ui', 'text', source, destination],
  env: (/** @type {string} */ notes) => ({ UNISON: join(notes, 'unison'), HOME: notes }),
}

/** Each with its default settings. @type {Readonly<Record<string, Contender>>} */
export const oneWay = {
  syncline: { command: syncline('source-to-destination') },
  rsync: { command: (source, destination) => ['rsync', '-a', `${source}/`, `${destination}/`] },
  rclone: { command: (source, destination) => ['rclone', 'sync', source, destination], env: rcloneEnv },
  cp: { command: (source, destination) => ['cp', '-a', `${source}/.`, destination], firstOnly: true },
  unison,
}

/** @type {Readonly<Record<string, Contender>>} */
export const twoWay = {
  syncline: { command: syncline('two-way') },
  'rclone bisync': {
    command: (source, destination, notes) => ['rclone', 'bisync', source, destination, '--workdir', join(notes, 'bisync')],
    first: (source, destination, notes) => ['rclone', 'bisync', source, destination, '--workdir', join(notes, 'bisync'), '--resync'],
    env: rcloneEnv,
  },
  unison,
}

/** @param {string} notes */
function rcloneEnv(notes) {
  return { RCLONE_CONFIG: join(notes, 'rclone.conf'), XDG_CACHE_HOME: notes }
}

/** An empty directory for what a contender remembers. @param {string} path */
export function makeNotes(path) {
  mkdirSync(path, { recursive: true })
  return path
}
