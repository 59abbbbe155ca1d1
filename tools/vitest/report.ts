import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node'

interface Note {
  readonly name: string
  readonly reason: string
}

/**
 * Writes what `npm test` sums over all packages: `.reports/test.json` with the count of passed tests and every failed or skipped one by name.
 *
 * Only as a task of turbo: a run of one file by hand must not look like the result of the package.
 */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    if (process.env['TURBO_HASH'] === undefined) return
    let passed = 0
    const failed: Note[] = errors.map(error => ({ name: 'outside of a test', reason: beginning(error.message) }))
    const skipped: Note[] = []
    for (const module of modules) {
      const file = relative(process.cwd(), module.moduleId)
      for (const error of module.errors()) failed.push({ name: file, reason: beginning(error.message) })
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors()) failed.push({ name: `${file} > ${suite.fullName}`, reason: beginning(error.message) })
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        const name = `${file} > ${test.fullName}`
        if (state === 'passed') passed++
        else if (state === 'skipped') skipped.push({ name, reason: reasonOf(test) })
        else failed.push({ name, reason: beginning(test.result().errors?.[0]?.message ?? 'did not finish') })
      }
    }
    mkdirSync('.reports', { recursive: true })
    writeFileSync(join('.reports', 'test.json'), `${JSON.stringify({ passed, failed, skipped }, undefined, 1)}\n`)
  }
}

/** What `context.skip('because …')` was told; a test that is skipped where it is declared has its reason in its title. */
function reasonOf(test: TestCase): string {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return note ?? (test.options.mode === 'todo' ? 'to do' : 'see its title')
}

/** The first lines of a message: a property that failed tells its seed and its counterexample in the second and the third. */
function beginning(message: string): string {
  const lines = message.split('\n', 4).filter(line => line.trim() !== '')
  return lines.map(line => (line.length > 400 ? `${line.slice(0, 400)} …` : line)).join(' | ')
}
