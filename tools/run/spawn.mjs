import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Runs a command to its end and keeps what it prints.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & { readonly show?: boolean }} [options] `show`: also print it as it comes
 * @returns {Promise<{ readonly code: number, readonly output: string }>} `code` 127 if the command is not there
 */
export function run(command, args, { show = false, ...options } = {}) {
  return new Promise(resolve => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    /** @type {Buffer[]} */
    const output = []
    const streams = /** @type {const} */ ([
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])
    for (const [from, to] of streams) {
      from?.on('data', chunk => {
        output.push(chunk)
        if (show) to.write(chunk)
      })
    }
    const end = (/** @type {number} */ code) => resolve({ code, output: Buffer.concat(output).toString() })
    child.on('error', error => {
      output.push(Buffer.from(`${error.message}\n`))
      end(127)
    })
    child.on('close', (code, signal) => end(exitCodeOf(code, signal)))
  })
}

/**
 * Runs a command in our place: it has the terminal, the signals reach it, and its exit code is ours.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function hand(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: 'inherit' })
    // A terminal sends SIGINT to the whole group, so the child has it already: here it must only not end us before the child.
    const wait = () => {}
    const pass = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal)
    process.on('SIGINT', wait)
    for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, pass)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      process.off('SIGINT', wait)
      for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.off(signal, pass)
      resolve(exitCodeOf(code, signal))
    })
  })
}

/**
 * As a shell reports it: 128 and the number of the signal.
 *
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 */
function exitCodeOf(code, signal) {
  return code ?? (signal === null ? 1 : 128 + constants.signals[signal])
}
