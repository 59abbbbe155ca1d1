import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The built command. */
export const bin: string = fileURLToPath(new URL('../dist/bin.js', import.meta.url))

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** A directory with the command in it: everything that it reads or writes is below. */
export class Workplace {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static async make(): Promise<Workplace> {
    if (!existsSync(bin)) throw new Error('dist/bin.js is missing; build the package first: pnpm --filter syncline build')
    return new Workplace(await mkdtemp(join(tmpdir(), 'syncline-bin-')))
  }

  path(...names: readonly string[]): string {
    return join(this.root, ...names)
  }

  /** Starts the command without waiting for it. */
  start(
    argv: readonly string[],
    options: {
      readonly env?: Readonly<Record<string, string>>
      readonly uid?: number
      readonly cwd?: string
      /** A program with its arguments that starts the command, which it gets behind them. */
      readonly within?: readonly string[]
    } = {},
  ): ChildProcessWithoutNullStreams {
    const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env
    const [program = process.execPath, ...args] = [...(options.within ?? []), process.execPath, bin, ...argv]
    return spawn(program, args, {
      cwd: options.cwd ?? this.root,
      env: { ...env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', XDG_STATE_HOME: this.path('.state'), CI: '', ...options.env },
      ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    })
  }

  /** Runs the command to its end. */
  run(...argv: readonly string[]): Promise<Ended> {
    return ended(this.start(argv))
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true })
  }
}

/** Waits for the end of a process. */
export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.end()
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

/** Waits until standard output, or error, has a text. */
export function printed(child: ChildProcessWithoutNullStreams, text: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
  return new Promise((resolve, reject) => {
    let out = ''
    child[stream].on('data', (chunk: Buffer | string) => {
      out += chunk.toString()
      if (out.includes(text)) resolve()
    })
    child.once('close', () => reject(new Error(`the process ended before it printed ${text}; it printed:\n${out}`)))
  })
}
