import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import type { StreamTime } from '../stream/command.ts'
import { helperProgram } from './helper-program.ts'
import { ProgramError, runProgram } from './run-program.ts'

/** The calls that a restored volume needs and Node does not have. Each rejects with a {@link ProgramError}; none follows a symbolic link. */
export interface SystemCalls {
  /** @param mode - with the bits for the kind of node */
  makeNode(file: Buffer, mode: number, major: number, minor: number): Promise<void>
  setXattr(file: Buffer, name: Buffer, value: Uint8Array): Promise<void>
  removeXattr(file: Buffer, name: Buffer): Promise<void>
  /** To the nanosecond. */
  setTimes(file: Buffer, atime: StreamTime, mtime: StreamTime): Promise<void>
  /** Lets a range of one file be a range of another, without a copy. */
  cloneRange(source: Buffer, sourceOffset: number, length: number, target: Buffer, targetOffset: number): Promise<void>
  close(): Promise<void>
}

/**
 * The calls by way of Python 3 in one process for all of them, or, where there is none, by a run of `mknod`, `setfattr` or `touch` for each. Nothing is started
 * before the first call: a stream that is refused needs none.
 *
 * @param python - its name or path; something that is not there makes the programs take its place
 */
export function openSystemCalls(python = 'python3'): SystemCalls {
  let started: Promise<SystemCalls> | undefined
  const calls = (): Promise<SystemCalls> => (started ??= Helper.start(python).catch(() => programs))
  return {
    makeNode: async (...args) => (await calls()).makeNode(...args),
    setXattr: async (...args) => (await calls()).setXattr(...args),
    removeXattr: async (...args) => (await calls()).removeXattr(...args),
    setTimes: async (...args) => (await calls()).setTimes(...args),
    cloneRange: async (...args) => (await calls()).cloneRange(...args),
    close: async () => (await started)?.close(),
  }
}

class Helper implements SystemCalls {
  readonly #child: ChildProcessWithoutNullStreams
  #answers = ''
  #waiting: { resolve(line: string): void; reject(error: Error): void } | undefined
  #ended: Error | undefined
  #last: Promise<unknown> = Promise.resolve()

  static async start(python: string): Promise<Helper> {
    // Without the user's paths and packages: what is run is the program above and nothing else.
    const child = spawn(python, ['-I', '-S', '-c', helperProgram], { stdio: ['pipe', 'pipe', 'pipe'] })
    const helper = new Helper(child)
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    // It knows no such call, and says so: it runs.
    await helper.#ask('ready').catch((error: unknown) => {
      if (!(error instanceof ProgramError) || error.code !== 'ENOSYS') throw error
    })
    return helper
  }

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      this.#answers += text
      const end = this.#answers.indexOf('\n')
      if (end === -1) return
      const line = this.#answers.slice(0, end)
      this.#answers = this.#answers.slice(end + 1)
      this.#waiting?.resolve(line)
    })
    child.stdin.on('error', () => undefined)
    child.stderr.resume()
    const end = (reason: string) => (): void => {
      this.#ended ??= new ProgramError(`python3 ${reason}`)
      this.#waiting?.reject(this.#ended)
    }
    child.on('error', end('could not be run'))
    child.on('close', end('ended before its work was done'))
  }

  makeNode(file: Buffer, mode: number, major: number, minor: number): Promise<void> {
    return this.#ask('mknod', file, mode, major, minor)
  }

  setXattr(file: Buffer, name: Buffer, value: Uint8Array): Promise<void> {
    return this.#ask('setxattr', file, name, value)
  }

  removeXattr(file: Buffer, name: Buffer): Promise<void> {
    return this.#ask('removexattr', file, name)
  }

  setTimes(file: Buffer, atime: StreamTime, mtime: StreamTime): Promise<void> {
    return this.#ask('times', file, nanoseconds(atime), nanoseconds(mtime))
  }

  cloneRange(source: Buffer, sourceOffset: number, length: number, target: Buffer, targetOffset: number): Promise<void> {
    return this.#ask('clone', source, sourceOffset, length, target, targetOffset)
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined)
    if (this.#ended !== undefined) return
    const ended = new Promise(resolve => this.#child.once('close', resolve))
    this.#child.stdin.end()
    await ended
  }

  /** One at a time, in the order in which they are asked. */
  #ask(call: string, ...args: readonly (Uint8Array | number | bigint)[]): Promise<void> {
    const asked = this.#last.catch(() => undefined).then(() => this.#askNow(call, args))
    this.#last = asked
    return asked
  }

  async #askNow(call: string, args: readonly (Uint8Array | number | bigint)[]): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended
    const parts = args.map(argument => (argument instanceof Uint8Array ? argument : Buffer.from(String(argument))))
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#child.stdin.write(Buffer.concat([Buffer.from(`${[call, ...parts.map(part => part.length)].join(' ')}\n`), ...parts]))
    }).finally(() => (this.#waiting = undefined))
    if (line === 'ok') return
    const space = line.indexOf(' ')
    throw new ProgramError(line.slice(space + 1), line.slice(0, space))
  }
}

function nanoseconds({ seconds, nanoseconds: rest }: StreamTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest)
}

/** Nanoseconds as seconds with a fraction. */
function decimal(time: bigint): string {
  const digits = String(time < 0n ? -time : time).padStart(10, '0')
  return `${time < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`
}

const kinds: Readonly<Record<number, string>> = { 0o010000: 'p', 0o020000: 'c', 0o060000: 'b' }

const programs: SystemCalls = {
  async makeNode(file, mode, major, minor) {
    const kind = kinds[mode & 0o170000]
    if (kind === undefined) throw new ProgramError('the system has no program that makes a socket; python3 would do it', 'ENOSYS')
    await runProgram('mknod', ['-m', '600', file, kind, ...(kind === 'p' ? [] : [String(major), String(minor)])])
  },
  async setXattr(file, name, value) {
    await runProgram('setfattr', ['-h', '-n', name, '-v', `0s${Buffer.from(value).toString('base64')}`, file])
  },
  async removeXattr(file, name) {
    await runProgram('setfattr', ['-h', '-x', name, file])
  },
  async setTimes(file, atime, mtime) {
    for (const [which, time] of [
      ['-a', atime],
      ['-m', mtime],
    ] as const)
      // prettier-ignore
      await runProgram('touch', ['-h', '-c', which, '-d', `@${decimal(nanoseconds(time))}`, file])
  },
  cloneRange: () => Promise.reject(new ProgramError('the system has no program that shares a range of a file', 'ENOSYS')),
  close: () => Promise.resolve(),
}
