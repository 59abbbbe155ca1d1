import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './spawn.mjs'
import { root } from './workspace.mjs'

/**
 * How one task of the graph ended. `code` is undefined for a task that never ran.
 *
 * @typedef {{ readonly name: string, readonly folder: string, readonly task: string, readonly cached: boolean, readonly code: number | undefined }} TaskRun
 */

/**
 * Runs tasks through turbo, two at a time at most.
 *
 * @param {readonly string[]} args
 * @param {{ readonly env: NodeJS.ProcessEnv, readonly show?: boolean }} options
 * @returns {Promise<{ readonly code: number, readonly output: string, readonly tasks: readonly TaskRun[] }>}
 */
export async function turbo(args, { env, show = false }) {
  const runs = join(root, '.turbo', 'runs')
  rmSync(runs, { recursive: true, force: true })
  mkdirSync(runs, { recursive: true })
  const program = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'turbo.cmd' : 'turbo')
  const all = ['run', ...args, '--concurrency=2', '--summarize', '--ui=stream']
  const { code, output } = await run(program, all, { cwd: root, env, show, shell: process.platform === 'win32' })
  return { code, output, tasks: readSummary(runs) }
}

/** @param {string} runs */
function readSummary(runs) {
  const file = readdirSync(runs).find(name => name.endsWith('.json'))
  if (file === undefined) return []
  const summary = JSON.parse(readFileSync(join(runs, file), 'utf8'))
  return /** @type {TaskRun[]} */ (
    summary.tasks
      .filter((/** @type {{ command: string }} */ task) => task.command !== '<NONEXISTENT>')
      .map((/** @type {any} */ task) => ({
        name: task.taskId,
        folder: join(root, task.directory),
        task: task.task,
        cached: task.cache.status === 'HIT',
        code: task.cache.status === 'HIT' ? 0 : task.execution?.exitCode,
      }))
  )
}
