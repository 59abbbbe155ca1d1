import { execFile } from 'node:child_process'

/**
 * Runs a program to its end, within three minutes; fails with what it printed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').ExecFileOptions} [options]
 * @returns {Promise<string>} its standard output
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { timeout: 180_000, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024, encoding: 'utf8', ...options },
      (error, stdout, stderr) => {
        if (error === null) resolve(String(stdout))
        else
          reject(
            new Error(
              `${command} ${args.join(' ')}: ${error.killed ? 'killed after the time limit' : (error.code ?? error.message)}\n${stdout}${stderr}`,
              { cause: error },
            ),
          )
      },
    )
  })
}
