import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { run } from './spawn.mjs'
import { cache, rootManifest } from './workspace.mjs'

/**
 * Finds pnpm of the version that `packageManager` pins: on PATH, else our own copy, else a new copy from the registry that npm uses.
 * Nothing outside the repository is written.
 *
 * @returns {Promise<{ readonly command: string, readonly env: NodeJS.ProcessEnv }>} the program, and an environment in which `pnpm` is it
 */
export async function providePnpm() {
  const version = rootManifest().packageManager.replace(/^pnpm@|\+.*$/g, '')
  const windows = process.platform === 'win32'
  if (await isPnpm('pnpm', version)) return { command: 'pnpm', env: environment() }
  const own = join(cache, `pnpm-${version}`)
  const command = join(own, 'node_modules', 'pnpm', windows ? 'pnpm.exe' : 'pnpm')
  if (!existsSync(own) || !(await isPnpm(command, version))) await install(version, own)
  if (!(await isPnpm(command, version))) throw new Error(`pnpm ${version} was installed to ${own} but does not run; remove that folder and try again`)
  return { command, env: environment(dirname(command)) }
}

/**
 * @param {string} version
 * @param {string} folder
 */
async function install(version, folder) {
  process.stderr.write(`getting pnpm ${version} …\n`)
  // Made aside and renamed, so that an interrupted download is never taken for a copy that works.
  const making = `${folder}.${process.pid}`
  mkdirSync(making, { recursive: true })
  writeFileSync(join(making, 'package.json'), '{ "private": true }\n')
  const npm = process.env.npm_execpath
  const [command, first] = npm !== undefined && basename(npm) === 'npm-cli.js' ? [process.execPath, [npm]] : ['npm', []]
  const args = ['install', '--prefix', making, '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', `pnpm@${version}`]
  const installed = await run(command, [...first, ...args], { cwd: making, shell: command === 'npm' && process.platform === 'win32' })
  // Its install script puts the native program in place. Called by us, since npm may be set to run none.
  const linked = installed.code === 0 ? await run(process.execPath, ['install.js'], { cwd: join(making, 'node_modules', 'pnpm') }) : installed
  if (linked.code !== 0) {
    rmSync(making, { recursive: true, force: true })
    throw new Error(`could not get pnpm ${version} with npm. Is the registry reachable? What npm said:\n${linked.output}`)
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(making, folder)
}

/**
 * @param {string} command
 * @param {string} version
 */
async function isPnpm(command, version) {
  // Away from our package.json: a pnpm of another version would first download the one it names.
  const { code, output } = await run(command, ['--version'], { cwd: tmpdir() })
  return code === 0 && output.trim() === version
}

/** @param {string} [folder] */
function environment(folder) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' }
  const name = Object.keys(env).find(key => key.toUpperCase() === 'PATH') ?? 'PATH'
  return folder === undefined ? env : { ...env, [name]: `${folder}${delimiter}${env[name] ?? ''}` }
}
