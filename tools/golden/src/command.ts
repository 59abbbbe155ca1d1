import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExpectedItem, Options } from './scenario.ts'
import type { Outcome, Runner } from './tell.ts'

/** The command as it is built. */
const bin = fileURLToPath(new URL('../../../packages/syncline/dist/bin.js', import.meta.url))

/** A place as the command is told of it. */
export interface Location {
  /** A path or a URL. */
  readonly location: string
  /** Passwords, keys and endpoints. */
  readonly env: Readonly<Record<string, string>>
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** The command in a process of its own, with its states in a directory of its own. */
export class Command {
  readonly #home: string
  readonly #env: Readonly<Record<string, string>>

  private constructor(home: string, env: Readonly<Record<string, string>>) {
    this.#home = home
    this.#env = env
  }

  /** @param env - added to the environment of this process */
  static async make(env: Readonly<Record<string, string>> = {}): Promise<Command> {
    return new Command(await mkdtemp(join(tmpdir(), 'syncline-golden-home-')), env)
  }

  /** Starts it. @param onStarted - given the way to end the process by a signal */
  run(args: readonly string[], onStarted?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<Ended> {
    const env = { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', NO_COLOR: '1', XDG_STATE_HOME: this.#home, ...this.#env }
    const child = spawn(process.execPath, [bin, ...args], { cwd: this.#home, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    onStarted?.(signal => child.kill(signal))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }))
    })
  }

  async forget(): Promise<void> {
    await rm(this.#home, { recursive: true, force: true })
  }

  async remove(): Promise<void> {
    await rm(this.#home, { recursive: true, force: true })
  }
}

/** Runs by the command: first the plan as JSON, then the sync. */
export function commandRunner(command: Command, source: Location, destination: Location): Runner {
  const run = async (options: Options): Promise<Outcome> => {
    const args = ['--json', ...flagsOf(options), '--', source.location, destination.location]
    const planned = await command.run(['plan', ...args])
    const ran = await command.run(['sync', '--yes', ...args])
    return { items: itemsOf(planned), exitCode: ran.code ?? -1, details: `${planned.err}${ran.err}\n${ran.out.split('\n').slice(-3).join('\n')}` }
  }
  return { run, rest: async options => ({ ...(await run(options)), calls: [] }), forget: () => command.forget() }
}

function itemsOf({ out, err }: Ended): Outcome['items'] {
  const objects = out
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as { readonly type?: string } & ExpectedItem)
  if (!objects.some(({ type }) => type === 'plan_complete' || type === 'blocked')) throw new Error(`the plan has no end: ${out}${err}`)
  return objects.filter(({ type }) => type === undefined) as unknown as Outcome['items']
}

/** Options as they are written on a command line. */
function flagsOf(options: Options): string[] {
  const words: Readonly<Record<keyof Options, string>> = {
    mode: '--mode',
    comparisonMode: '--compare',
    conflictResolution: '--conflict',
    initialSync: '--initial',
    acceptDestinationChanges: '--accept-destination-changes',
    ignore: '--ignore',
    include: '--include',
    exclude: '--exclude',
    maxSize: '--max-size',
    forceUpload: '--force-upload',
    maxDelete: '--max-delete',
    allowEmpty: '--allow-empty',
    trash: '--trash',
    only: '--only',
    filesToSkip: '--skip',
  }
  return (Object.keys(options) as (keyof Options)[]).flatMap(name => {
    const value = options[name]
    if (value === undefined) return []
    if (name === 'trash') return [value === true ? '--trash' : '--no-trash']
    if (typeof value === 'boolean') return value ? [words[name]] : []
    return Array.isArray(value) ? value.map(each => `${words[name]}=${String(each)}`) : [`${words[name]}=${String(value)}`]
  })
}
