import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { holdServices } from '../services/src/hold.mjs'
import { lineOf } from '../services/src/lines.mjs'
import { installDependencies } from './install.mjs'
import { providePnpm } from './pnpm.mjs'
import { closingLine, readReports, tableOf } from './report.mjs'
import { turbo } from './turbo.mjs'
import { members, root } from './workspace.mjs'

/**
 * Installs, builds, and runs every check and every test. The last line printed is the sum of all.
 *
 * @param {readonly string[]} args further arguments for turbo, such as `--force` or `--filter=@syncline/core`
 * @returns {Promise<number>} 0 if nothing failed
 */
export async function test(args) {
  const pnpm = await providePnpm()
  await installDependencies(pnpm)
  removeReports()
  const { code, tasks } = await runWithServices(args, pnpm)
  const reports = readReports(tasks)
  process.stdout.write(`\n${tableOf(reports)}\n\n`)
  const failed = reports.some(report => report.failed.length > 0)
  const empty = code === 0 && tasks.length === 0
  if (empty) process.stdout.write('nothing ran: no package has that name\n')
  if (code !== 0 && !failed) process.stdout.write(`turbo ended with exit code ${code}\n`)
  process.stdout.write(`${closingLine(reports, empty || (code !== 0 && !failed))}\n`)
  return failed || empty || code !== 0 ? 1 : 0
}

/**
 * With real servers for the tests, where they can be started.
 *
 * @param {readonly string[]} args
 * @param {{ readonly env: NodeJS.ProcessEnv }} pnpm
 */
async function runWithServices(args, { env }) {
  const { services, signature, release } = await holdServices(line => void process.stdout.write(`${line}\n`))
  try {
    process.stdout.write(`services:\n${services.map(({ name, found }) => `  ${lineOf(name, found)}\n`).join('')}\n`)
    // `--continue`: one failure must not hide another.
    const tasks = ['test', 'typecheck', 'check', '--continue=dependencies-successful', '--output-logs=new-only', ...args]
    return await turbo(tasks, { env: { ...env, SYNCLINE_SERVICES: signature }, show: true })
  } finally {
    await release()
  }
}

/** Reports of an earlier run: a task that dies before it writes its own must not be counted by them. */
function removeReports() {
  for (const member of members()) rmSync(join(root, member, '.reports'), { recursive: true, force: true })
}
