import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Programs of the system are there, and not on everybody's PATH. */
const path = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']

/** The environment for programs whose output is read: English, and with the programs of the system. */
export const environment = { ...process.env, PATH: path.join(delimiter), LC_ALL: 'C.UTF-8' }

/**
 * Runs a program to its end and resolves to what it printed on stdout.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: Readonly<Record<string, string>>, readonly input?: string, readonly timeoutMs?: number }} [options]
 * @returns {Promise<string>}
 * @throws Error with the last lines of what it printed, if it fails or takes longer than `timeoutMs` (60 s)
 */
export function run(command, args, { cwd, env = {}, input, timeoutMs = 60_000 } = {}) {
  return new Promise((resolve, reject) => {
    const settings = { env: { ...environment, ...env }, timeout: timeoutMs, maxBuffer: 1 << 26, ...(cwd === undefined ? {} : { cwd }) }
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const said = lastLines(`${stdout}\n${stderr}`) || error.message
      reject(new Error(`${command} ${args[0] ?? ''}: ${said}`, { cause: error }))
    })
    // A program that ends without reading its input is no error of ours.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

/**
 * @param {string} text
 * @param {number} [count]
 */
export function lastLines(text, count = 4) {
  return text.trim().split('\n').slice(-count).join(' | ')
}

/**
 * Finds a program as a shell would, the folders of the system included.
 *
 * @param {string} name
 * @returns {Promise<string | undefined>}
 */
export async function findProgram(name) {
  for (const folder of path) {
    const file = join(folder, name)
    if (folder !== '' && (await isThere(file, constants.X_OK))) return file
  }
  return undefined
}

/**
 * @param {string} file
 * @param {number} [mode]
 */
export async function isThere(file, mode = constants.F_OK) {
  return await access(file, mode).then(
    () => true,
    () => false,
  )
}
