import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { whyNotHere } from '../src/debian.mjs'
import type { Available, ServiceDetails, ServiceName, Unavailable } from '../src/types.d.mts'

const execute = promisify(execFile)
const program = join(import.meta.dirname, '..', 'services.mjs')

/** A context of a test, as far as skipping needs it. */
export interface Context {
  skip(note?: string): never
}

/** A set of services beside the one that other tests use, driven by the command as a person would. */
export class ServiceSet {
  readonly folder: string
  readonly #made: string

  constructor() {
    this.#made = mkdtempSync(join(tmpdir(), 'syncline-services-'))
    chmodSync(this.#made, 0o755)
    this.folder = join(this.#made, 'services')
  }

  get env(): NodeJS.ProcessEnv {
    const { SYNCLINE_SERVICES: _started, TURBO_HASH: _hash, ...env } = process.env
    return { ...env, SYNCLINE_SERVICES_DIR: this.folder }
  }

  /** Runs the command and resolves to what it printed. */
  async run(...args: string[]): Promise<string> {
    return (await execute(process.execPath, [program, ...args], { env: this.env })).stdout
  }

  /** Runs a script that imports from the package, and resolves to what it printed. */
  async evaluate(script: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const args = ['--input-type=module', '--eval', script]
    return (await execute(process.execPath, args, { env: { ...this.env, ...env }, cwd: join(import.meta.dirname, '..', 'src') })).stdout
  }

  /** What the last start wrote down. */
  state(): { readonly base: number; readonly services: { readonly [Name in ServiceName]?: Unavailable | Available<ServiceDetails[Name]> } } {
    return JSON.parse(readFileSync(join(this.folder, 'services.json'), 'utf8'))
  }

  /** The details of a service, or a skipped test. */
  details<Name extends ServiceName>(context: Context, name: Name): Available<ServiceDetails[Name]> {
    skipElsewhere(context)
    const found = this.state().services[name] as Unavailable | Available<ServiceDetails[Name]> | undefined
    if (found === undefined) throw new Error(`${name} is not started`)
    return found.available ? found : context.skip(found.reason)
  }

  async close(): Promise<void> {
    if (whyNotHere() === undefined) await this.run('clean')
    rmSync(this.#made, { recursive: true, force: true })
  }
}

/** Skips a test where no server can be started. */
export function skipElsewhere(context: Context): void {
  const reason = whyNotHere()
  if (reason !== undefined) context.skip(reason)
}
