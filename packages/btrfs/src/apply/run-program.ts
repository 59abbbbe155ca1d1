import { spawn } from 'node:child_process'

/** A program of the system could not be started, or failed. `code` is an errno name; "ENOENT" with `syscall` "spawn …" where the program is missing. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
  readonly code: string | undefined

  constructor(message: string, code?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/**
 * Runs a program to its end.
 *
 * Node passes arguments as UTF-8. Those that are something else go through `xargs`, which takes them as bytes from its input.
 *
 * @throws ProgramError with what it wrote to stderr; `signal.reason` after an abort
 */
export async function runProgram(program: string, args: readonly (string | Buffer)[], signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  const texts = args.map(argument => argument.toString())
  const isText = args.every((argument, i) => typeof argument === 'string' || Buffer.from(texts[i] as string).equals(argument))
  const [file, argv] = isText ? [program, texts] : ['xargs', ['-0', program]]
  const child = spawn(file, argv, { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' }, signal })
  // A program that ends early closes its input; what it says about that is in its stderr.
  child.stdin.on('error', () => undefined)
  child.stdin.end(isText ? undefined : Buffer.concat(args.flatMap(argument => [Buffer.from(argument), Buffer.from([0])])))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 4096) said += chunk.toString()
  })
  await new Promise<void>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (signal?.aborted === true) reject(signal.reason as Error)
      else reject(new ProgramError(`could not run ${file}: ${error.code === 'ENOENT' ? 'it is not installed' : error.message}`, error.code, error))
    })
    child.on('close', code => {
      if (code === 0) resolve()
      else reject(new ProgramError(`${program} failed (${code ?? 'killed'}): ${said.trim() || 'it did not say why'}`))
    })
  })
}
