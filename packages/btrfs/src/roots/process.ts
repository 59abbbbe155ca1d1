import { spawn, type ChildProcess } from 'node:child_process'
import { Readable, type Writable } from 'node:stream'
import { onAbort, type AbortOptions } from '@syncline/core'

/** How a process ended. */
export interface Ended {
  /** `null` if a signal ended it. 127 if there is no such program. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it wrote to standard error, without blanks at its end; the last 64 KiB. */
  readonly stderr: string
}

/** A process that runs. */
export interface Running {
  readonly stdin: Writable
  /** Nothing, where it writes to a file descriptor that it was given. */
  readonly stdout: Readable
  /** It is read already; who wants to may listen, too. */
  readonly stderr: Readable
  /** Never rejects. */
  readonly ended: Promise<Ended>
  /** Asks it to end, and ends it when it does not within two seconds. */
  kill(): void
}

const longestStderr = 64 * 1024

const patienceMs = 2000

/** How to start a process. */
export interface StartOptions extends AbortOptions {
  /** Whether it gets something to read, or the file descriptor that it reads from; default: nothing. */
  readonly input?: boolean | number | undefined
  /** File descriptor that it writes to; default: its output is read here. */
  readonly output?: number | undefined
  /** Whether it belongs to the terminal and so may ask there, and ends with Ctrl-C. Default: no, as who started it ends it in good order. */
  readonly terminal?: boolean | undefined
  readonly env?: NodeJS.ProcessEnv | undefined
}

/** Starts a process. Its standard error is always read, or it could wait for ever to write there. */
export function startProcess(program: string, args: readonly string[], options: StartOptions = {}): Running {
  const child = spawn(program, args, {
    stdio: [typeof options.input === 'number' ? options.input : options.input === true ? 'pipe' : 'ignore', options.output ?? 'pipe', 'pipe'],
    detached: options.terminal !== true,
    env: options.env ?? process.env,
  })
  let stderr = Buffer.alloc(0)
  const { stderr: said } = child as ChildProcess & { readonly stderr: Readable }
  const stdout = child.stdout ?? Readable.from([])
  said.on('data', (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk])
    if (stderr.length > longestStderr) stderr = stderr.subarray(-longestStderr)
  })
  // A reader that is gone shows in how the process ended.
  child.stdin?.on('error', () => undefined)
  stdout.on('error', () => undefined)
  let timer: NodeJS.Timeout | undefined
  const kill = (): void => {
    if (timer !== undefined || child.exitCode !== null || child.signalCode !== null) return
    send('SIGTERM')
    timer = setTimeout(() => send('SIGKILL'), patienceMs)
  }
  // With all that it started, where it has a group of its own.
  const send = (signal: NodeJS.Signals): void => {
    try {
      if (options.terminal === true || child.pid === undefined) child.kill(signal)
      else process.kill(-child.pid, signal)
    } catch {
      // It has ended meanwhile, or belongs to root by way of sudo: then the end of its input ends it.
    }
  }
  const forget = onAbort(options.signal, kill)
  const ended = new Promise<Ended>(resolve => {
    const end = (code: number | null, signal: NodeJS.Signals | null, words: string): void => {
      clearTimeout(timer)
      forget()
      resolve({ code, signal, stderr: words.trimEnd() })
    }
    child.once('error', error => end(127, null, (error as NodeJS.ErrnoException).code === 'ENOENT' ? `${program}: command not found` : error.message))
    child.once('close', (code, signal) => end(code, signal, stderr.toString()))
  })
  return { stdin: child.stdin as Writable, stdout, stderr: said, ended, kill }
}
