import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '@syncline/core'
import { rawOf } from '../subvolume/raw-text.ts'
import { BtrfsError } from './btrfs-error.ts'
import type { Host, Outcome } from './host.ts'
import { RemoteShell } from './remote-shell.ts'
import { startProcess, type Running, type StartOptions } from './process.ts'
import { shellLine, shellWord, type Command } from './quote.ts'

/** How to reach a host by OpenSSH's `ssh`. What is not given comes from its configuration. */
export interface SshOptions {
  /** A name or an address; of an IPv6 address the brackets do not matter. */
  readonly host: string
  readonly user?: string | undefined
  readonly port?: number | undefined
  /** File of a private key. */
  readonly identityFile?: string | undefined
  /** File of the keys of hosts. A host whose key is not in it, or is another, is refused. */
  readonly knownHostsFile?: string | undefined
  /** File of a configuration instead of the user's and the system's. */
  readonly configFile?: string | undefined
  /** Compress what goes over the connection. */
  readonly compress?: boolean | undefined
  /** Let ssh ask for passwords and unknown keys at the terminal. Default: it fails instead. */
  readonly interactive?: boolean | undefined
}

/** Longest name of a socket that all systems take, minus what ssh adds while it makes one. */
const longestSocket = 104 - 18

const prefix = 'syncline-ssh-'

const ready = 'syncline-ready'

/**
 * A host over one connection: the first command opens it, all others go through it, beside each other. One that is lost is opened anew by the next
 * command. It ends with this process, however that ends.
 *
 * @throws TypeError for a host or user that is empty or that ssh would take for an option, and a port that is none
 */
export function sshHost(options: SshOptions): Host {
  const host = options.host.replace(/^\[(.*)\]$/, '$1')
  check('host', host)
  if (options.user !== undefined) check('user', options.user)
  if (options.port !== undefined && !(Number.isInteger(options.port) && options.port > 0 && options.port < 65536))
    throw new TypeError(`the port of ssh must be a number from 1 to 65535, got ${options.port}`)
  const label = `${options.user === undefined ? '' : `${options.user}@`}${host.includes(':') ? `[${host}]` : host}:`
  return new SshHost(label, ['-T', ...flagsOf(options)], host, options.interactive === true)
}

function check(what: string, text: string): void {
  if (text === '') throw new TypeError(`the ${what} of ssh cannot be empty`)
  // A blank, a quote, a semicolon: a ProxyCommand of the configuration would put it into a shell.
  if (text.startsWith('-') || /[\s'"`$\\;&<>|(){}\p{Cc}]/u.test(text)) throw new TypeError(`${JSON.stringify(text)} cannot be a ${what} of ssh`)
}

function flagsOf({ user, port, identityFile, knownHostsFile, configFile, compress, interactive }: SshOptions): readonly string[] {
  const settings = [
    `BatchMode=${interactive === true ? 'no' : 'yes'}`,
    // A host that vanished must not hold a run for ever.
    'ConnectTimeout=30',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=4',
    // What a configuration may ask for, and what has no place here.
    'ControlPersist=no',
    'RemoteCommand=none',
    'RequestTTY=no',
    'PermitLocalCommand=no',
    'ClearAllForwardings=yes',
    'ForwardAgent=no',
    'ForwardX11=no',
    ...(knownHostsFile === undefined ? [] : [`UserKnownHostsFile="${knownHostsFile}"`, 'GlobalKnownHostsFile=none']),
    ...(identityFile === undefined ? [] : ['IdentitiesOnly=yes']),
  ]
  return [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...settings.flatMap(setting => ['-o', setting]),
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identityFile === undefined ? [] : ['-i', identityFile]),
    ...(compress === true ? ['-C'] : []),
  ]
}

/** A connection that is open. */
interface Master {
  readonly running: Running
  readonly socket: string
  readonly shell: RemoteShell
}

class SshHost implements Host {
  readonly label: string
  readonly #flags: readonly string[]
  readonly #host: string
  readonly #interactive: boolean
  #master: Promise<Master> | undefined

  constructor(label: string, flags: readonly string[], host: string, interactive: boolean) {
    this.label = label
    this.#flags = flags
    this.#host = host
    this.#interactive = interactive
  }

  async start(command: Command, options: StartOptions = {}): Promise<Running> {
    const { socket, running: master, shell } = await this.#connected()
    options.signal?.throwIfAborted()
    const args = [...this.#flags, '-o', 'ControlMaster=no', '-S', socket, '--', this.#host, remoteLine(`exec ${shellLine(command)}`)]
    const running = startProcess('ssh', args, options)
    const ended = running.ended.then(async end => {
      if (end.code !== 255) return end
      // It lost the connection; why, the one that holds it knows.
      await Promise.race([master.ended, new Promise(resolve => setTimeout(resolve, 1000).unref())])
      return { ...end, stderr: [end.stderr, shell.lastWords].filter(Boolean).join('\n') }
    })
    return { ...running, ended }
  }

  async run(command: Command): Promise<Outcome> {
    const { shell } = await this.#connected()
    return (await shell.run(shellLine(command))) ?? { code: 255, signal: null, stderr: shell.lastWords, stdout: '' }
  }

  async close(): Promise<void> {
    const opening = this.#master
    this.#master = undefined
    const master = await opening?.catch(() => undefined)
    if (master === undefined) return
    master.running.stdin.end()
    const timer = setTimeout(master.running.kill, 1000)
    await master.running.ended
    clearTimeout(timer)
  }

  #connected(): Promise<Master> {
    this.#master ??= this.#connect()
    return this.#master
  }

  async #connect(): Promise<Master> {
    const directory = makeDirectory()
    const socket = join(directory, 's')
    // It reads until this process is gone, and with its end the connection ends: nothing is left behind even after SIGKILL.
    const args = [...this.#flags, '-M', '-S', socket, '--', this.#host, remoteLine(`echo ${ready}; exec sh`)]
    const running = startProcess('ssh', args, { input: true, terminal: this.#interactive })
    const isReady = new Promise<true>(resolve => {
      let said = ''
      running.stdout.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('latin1')).slice(-1000)
        if (said.includes(ready)) resolve(true)
      })
    })
    void running.ended.then(() => {
      this.#master = undefined
      rmSync(directory, { recursive: true, force: true })
    })
    const outcome = await Promise.race([isReady, running.ended])
    if (outcome === true) return { running, socket, shell: new RemoteShell(running) }
    const failure = { ...outcome, command: `ssh ${this.#host}` }
    if (outcome.code === 127 && outcome.stderr.startsWith('ssh:'))
      throw new StorageError('NOT_SUPPORTED', 'there is no program "ssh" here; install OpenSSH\'s client')
    throw new BtrfsError(`connecting to ${this.label.slice(0, -1)}`, [failure])
  }
}

/** For the shell of the host, whichever that is: only a POSIX shell gets to read the command itself. */
function remoteLine(line: string): string {
  const script = `LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; export LC_ALL PATH; ${line}`
  return `exec sh -c ${shellWord(rawOf(script))}`
}

/** A directory that only this user can look into. Those of processes that are gone are removed. */
function makeDirectory(): string {
  const parent = Buffer.byteLength(join(tmpdir(), `${prefix}${process.pid}-XXXXXX`, 's')) > longestSocket ? '/tmp' : tmpdir()
  for (const name of readdirSync(parent)) {
    const pid = Number(/^syncline-ssh-(\d+)-/.exec(name)?.[1])
    if (pid > 0 && pid !== process.pid && !isAlive(pid)) removeQuietly(join(parent, name))
  }
  return mkdtempSync(join(parent, `${prefix}${process.pid}-`))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function removeQuietly(path: string): void {
  try {
    if (lstatSync(path).uid === process.getuid?.()) rmSync(path, { recursive: true, force: true })
  } catch {
    // Another process was faster.
  }
}
