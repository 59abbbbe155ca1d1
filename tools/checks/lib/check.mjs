import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { here } from './packages.mjs'

/** Thrown by an item that cannot run here: it is listed by name, with the reason. */
export class Skip extends Error {}

/**
 * Runs the items of one check and writes what `npm test` sums. Every item runs, whatever the others found.
 *
 * @param {string} task as turbo calls it
 * @param {Readonly<Record<string, () => string | Promise<string>>>} items what each resolves to says what it looked at
 */
export async function check(task, items) {
  const report = { passed: 0, failed: /** @type {object[]} */ ([]), skipped: /** @type {object[]} */ ([]) }
  for (const [name, item] of Object.entries(items)) {
    try {
      const looked = await item()
      report.passed++
      console.log(`ok       ${name}: ${looked}`)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const reason = message.split('\n', 1)[0]
      if (error instanceof Skip) {
        report.skipped.push({ name, reason })
        console.log(`skipped  ${name}: ${message}`)
      } else {
        report.failed.push({ name, reason })
        console.log(`FAILED   ${name}: ${message}`)
      }
    }
  }
  mkdirSync(join(here, '.reports'), { recursive: true })
  writeFileSync(join(here, '.reports', `${task}.json`), `${JSON.stringify(report, undefined, 1)}\n`)
  process.exitCode = report.failed.length === 0 ? 0 : 1
}

/**
 * Fails with every complaint, or says what was looked at.
 *
 * @param {readonly string[]} complaints
 * @param {string} looked
 */
export function settle(complaints, looked) {
  if (complaints.length > 0) throw new Error([`${complaints.length} found`, ...complaints].join('\n           '))
  return looked
}
