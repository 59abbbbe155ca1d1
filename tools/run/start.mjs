import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { installDependencies } from './install.mjs'
import { providePnpm } from './pnpm.mjs'
import { hand } from './spawn.mjs'
import { turbo } from './turbo.mjs'
import { root } from './workspace.mjs'

/**
 * Installs, builds, and shows the main job; with arguments it is the command line.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code of what it started
 */
export async function start(args) {
  const pnpm = await providePnpm()
  await installDependencies(pnpm)
  const dist = join(root, 'packages', 'syncline', 'dist')
  if (!existsSync(dist)) process.stderr.write('building …\n')
  const built = await turbo(['build', '--filter=syncline...', '--output-logs=errors-only'], pnpm)
  if (built.code !== 0) {
    process.stderr.write(`${built.output}\nthe build failed; its output is above\n`)
    return 1
  }
  const program = args.length === 0 ? 'demo.js' : 'bin.js'
  // Paths are relative to where the person is; npm itself goes to the root of the package.
  return await hand(process.execPath, [join(dist, program), ...args], { cwd: process.env.INIT_CWD ?? process.cwd() })
}
