import { gravestExitCode, type ExitCode } from '@syncline/core'
import type { Command, Invocation } from '../command.ts'
import { examine } from '../doctor/examine.ts'
import type { Finding, TestFinding } from '../doctor/findings.ts'
import {
  brokenPromises,
  clockLines,
  failureLine,
  learnedLines,
  leftLine,
  speedLines,
  storageLines,
  testLines,
  verdictLine,
} from '../doctor/report.ts'
import { Interrupt } from '../interrupt.ts'
import { toJsonLine } from '../terminal/escape.ts'
import { truncateEnd } from '../terminal/width.ts'
import { UsageError } from '../usage-error.ts'

/** `doctor PLACE`: what a storage promises, its clock, its speed, and whether it keeps its promises. */
export const doctor: Command = async invocation => {
  const { operands, options, environment } = invocation
  const [location, ...rest] = operands
  if (location === undefined || rest.length > 0)
    throw new UsageError(location === undefined ? 'the place is missing' : 'doctor takes one place', 'Usage: syncline doctor PLACE')
  const interrupt = new Interrupt(environment)
  const stop = new AbortController()
  const findings: Finding[] = []
  const screen = new Screen(invocation)
  try {
    const storage = await environment.open(location, { signal: interrupt.signal })
    try {
      // From here on there may be something to remove.
      interrupt.protect(() => {
        screen.say('stopping; a second Ctrl-C leaves what was made')
        stop.abort(new Stopped())
      })
      const suite = options.has('quick') ? undefined : await environment.conformance?.()
      for await (const finding of examine(storage, { signal: stop.signal, suite })) {
        if (finding.type !== 'testing') findings.push(finding)
        screen.show(finding)
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error
    } finally {
      screen.clear()
      await storage.close?.()
    }
  } finally {
    interrupt.close()
  }
  const exitCode = interrupt.exitCode ?? exitCodeOf(findings)
  screen.conclude(findings, exitCode, stop.signal.aborted)
  return exitCode
}

/** Why an examination was ended. */
class Stopped extends Error {}

function exitCodeOf(findings: readonly Finding[]): number {
  return gravestExitCode(
    findings.map((finding): ExitCode => {
      // Not reached or not allowed is one thing; whatever else went wrong is a finding about the place.
      if (finding.type === 'failure') return finding.exitCode === 6 ? 6 : 3
      return finding.type === 'left' || (finding.type === 'test' && finding.outcome === 'failed') ? 3 : 0
    }),
  )
}

/** What people and programs see of an examination. */
class Screen {
  readonly #invocation: Invocation
  #showsTest = false
  #headed = false

  constructor(invocation: Invocation) {
    this.#invocation = invocation
  }

  show(finding: Finding): void {
    const { options, environment, out } = this.#invocation
    if (finding.type === 'testing') {
      this.#showTest(`${finding.index + 1}/${finding.total} ${finding.sentence}`)
      return
    }
    if (options.has('json')) {
      environment.stdout.write(`${toJsonLine(finding)}\n`)
      return
    }
    const isWrong = finding.type === 'failure' || finding.type === 'left' || (finding.type === 'test' && finding.outcome === 'failed')
    if (options.has('quiet') && !isWrong) return
    if (finding.type === 'test' && finding.outcome !== 'failed' && !options.has('all')) return
    this.clear()
    const lines = linesOf(finding, out)
    if (finding.type === 'test' && !this.#headed && !options.has('quiet')) {
      this.#headed = true
      lines.unshift('', out.paint('strong', 'Promises'))
    }
    ;(options.has('quiet') ? environment.stderr : environment.stdout).write(`${lines.join('\n')}\n`)
  }

  conclude(findings: readonly Finding[], exitCode: number, stopped: boolean): void {
    const { options, environment, out } = this.#invocation
    const tests = findings.filter((finding): finding is TestFinding => finding.type === 'test')
    if (options.has('json')) {
      const count = (outcome: string): number => tests.filter(test => test.outcome === outcome).length
      const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
      environment.stdout.write(`${toJsonLine({ type: 'doctor_complete', exitCode, stopped, ...counts, broken: brokenPromises(tests) })}\n`)
    } else if (!options.has('quiet')) {
      environment.stdout.write(`\n${verdictLine(findings, exitCode, stopped, out)}\n`)
    }
  }

  /** A note for a person who waits. */
  say(text: string): void {
    this.clear()
    if (!this.#invocation.options.has('quiet')) this.#invocation.environment.stderr.write(`${text}\n`)
  }

  /** Takes the line of the running test away. */
  clear(): void {
    if (!this.#showsTest) return
    this.#showsTest = false
    this.#invocation.environment.stderr.write('\r\u001b[K')
  }

  #showTest(text: string): void {
    const { options, environment, err } = this.#invocation
    const { columns } = environment.stderr
    if (columns === undefined || options.has('quiet') || environment.variables['TERM'] === 'dumb') return
    this.#showsTest = true
    environment.stderr.write(`\r\u001b[K   ${err.paint('faint', truncateEnd(text, columns - 4, err.symbols.mark))}`)
  }
}

function linesOf(finding: Exclude<Finding, { type: 'testing' }>, out: Invocation['out']): string[] {
  switch (finding.type) {
    case 'storage':
      return storageLines(finding, out)
    case 'clock':
      return clockLines(finding, out)
    case 'speed':
      return speedLines(finding, out)
    case 'learned':
      return learnedLines(finding.facts, out)
    case 'test':
      return testLines(finding, out)
    case 'failure':
      return ['', failureLine(finding, out)]
    case 'left':
      return [leftLine(finding, out)]
  }
}
