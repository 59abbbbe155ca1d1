import { readFileSync } from 'node:fs'
import { messageOf, StorageError } from '@syncline/core'
import type * as ssh2Module from 'ssh2'
import type { AnyAuthMethod, BaseAgent as SshAgent, ParsedKey, PublicKeyEntry } from 'ssh2'
import { readSecret, type Prompt, type SecretSources } from './secrets.ts'

type Ssh2 = typeof ssh2Module

/** What a connection may log in with. */
export interface Credentials {
  readonly user: string
  /** For messages: user and host. */
  readonly account: string
  /** Files with private keys, tried in this order. Missing ones are passed over. */
  readonly identityFiles: readonly string[]
  /** Private keys themselves. */
  readonly privateKeys: readonly (string | Buffer)[]
  /** Only the keys named above, also of the agent. */
  readonly identitiesOnly: boolean
  /** The socket of an agent. */
  readonly agent: string | undefined
  readonly password: SecretSources
  readonly passphrase: SecretSources
  readonly prompt: Prompt | undefined
}

/** A way to log in, prepared when its turn comes. */
interface Attempt {
  readonly type: 'publickey' | 'agent' | 'password' | 'keyboard-interactive'
  /** As the server calls it in the list of what can go on. */
  readonly method: 'publickey' | 'password' | 'keyboard-interactive'
  /** For the message if all fail. */
  readonly what: string
  prepare(): Promise<AnyAuthMethod | undefined>
}

/**
 * Logs in: agent, keys, password, keyboard-interactive, as far as there is something to try and the server takes it. A server may ask for several.
 *
 * What was found out or answered is kept, so that a connection that is made again asks nobody.
 */
export class Authenticator {
  readonly #ssh2: Ssh2
  readonly #credentials: Credentials
  readonly #problems: string[] = []
  readonly #passphrases = new Map<string, Promise<string | undefined>>()
  #password: Promise<string | undefined> | undefined
  #failure: StorageError | undefined

  constructor(ssh2: Ssh2, credentials: Credentials) {
    this.#ssh2 = ssh2
    this.#credentials = credentials
  }

  /** Why logging in failed, for a person who has to do something about it. */
  get failure(): StorageError {
    return (
      this.#failure ??
      new StorageError(
        'UNAUTHENTICATED',
        `${this.#credentials.account} could not log in${this.#problems.length === 0 ? '' : `: ${this.#problems.join('; ')}`}. ${advice}`,
      )
    )
  }

  /** The handler that `ssh2` asks for the next way to try. */
  handler(): (left: readonly string[] | null, partial: boolean | null, next: (method: AnyAuthMethod | false) => void) => void {
    this.#problems.length = 0
    const attempts = this.#attempts()
    let last: Attempt | undefined
    return (left, partial, next) => {
      if (last !== undefined && partial !== true) this.#problems.push(`the server did not accept ${last.what}`)
      const advance = async (): Promise<AnyAuthMethod | false> => {
        for (let attempt = attempts[0]; attempt !== undefined; attempt = attempts[0]) {
          // Nobody is asked for what the server does not take. It tells that when something is refused, and nothing has been tried so far.
          if (left === null && attempt.method !== 'publickey') return { type: 'none', username: this.#credentials.user }
          attempts.shift()
          if (left !== null && !left.includes(attempt.method)) continue
          last = undefined
          const method = await attempt.prepare()
          if (method === undefined) continue
          last = attempt
          return method
        }
        if (left !== null) this.#problems.push(`it takes ${left.join(', ')}`)
        return false
      }
      advance().then(next, (error: unknown) => {
        this.#failure = error instanceof StorageError ? error : new StorageError('UNAUTHENTICATED', messageOf(error), { cause: error })
        next(false)
      })
    }
  }

  #attempts(): Attempt[] {
    const { user, identityFiles, privateKeys, agent } = this.#credentials
    const attempts: Attempt[] = []
    if (agent !== undefined && agent !== 'none') {
      attempts.push({
        type: 'agent',
        method: 'publickey',
        what: 'the keys of the agent',
        prepare: async () => ({ type: 'agent', username: user, agent: this.#agent(agent) }),
      })
    }
    for (const file of identityFiles) {
      attempts.push({ type: 'publickey', method: 'publickey', what: `the key ${file}`, prepare: () => this.#keyOfFile(file) })
    }
    for (const [index, key] of privateKeys.entries()) {
      const what = privateKeys.length === 1 ? 'the given key' : `given key ${index + 1}`
      attempts.push({ type: 'publickey', method: 'publickey', what, prepare: () => this.#publicKey(key, what) })
    }
    attempts.push(
      { type: 'password', method: 'password', what: 'the password', prepare: () => this.#passwordMethod() },
      { type: 'keyboard-interactive', method: 'keyboard-interactive', what: 'the answers', prepare: () => this.#interactiveMethod() },
    )
    return attempts
  }

  async #keyOfFile(file: string): Promise<AnyAuthMethod | undefined> {
    let text: Buffer
    try {
      text = readFileSync(file)
    } catch (error) {
      // Most of the usual names are not there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#problems.push(`the key ${file} cannot be read (${messageOf(error)})`)
      return undefined
    }
    return this.#publicKey(text, file)
  }

  async #publicKey(text: string | Buffer, name: string): Promise<AnyAuthMethod | undefined> {
    let key = this.#parse(text)
    if (key instanceof Error && /encrypted/i.test(key.message)) {
      const passphrase = await this.#passphrase(name)
      if (passphrase === undefined) {
        this.#problems.push(`${name} needs a passphrase`)
        return undefined
      }
      key = this.#parse(text, passphrase)
      if (key instanceof Error) {
        this.#passphrases.delete(name)
        this.#problems.push(`${name} has another passphrase`)
        return undefined
      }
    }
    if (key instanceof Error) {
      this.#problems.push(`${name} is no usable private key (${key.message})`)
      return undefined
    }
    // Only typed as text: a parsed key is taken as it is, and spares deriving it from the passphrase again.
    return { type: 'publickey', username: this.#credentials.user, key: key as unknown as string }
  }

  #parse(text: string | Buffer, passphrase?: string): ParsedKey | Error {
    const parsed = this.#ssh2.utils.parseKey(text, passphrase) as ParsedKey | readonly ParsedKey[] | Error
    const key = Array.isArray(parsed) ? (parsed as readonly ParsedKey[])[0] : (parsed as ParsedKey | Error)
    return key ?? new Error('it is empty')
  }

  #passphrase(name: string): Promise<string | undefined> {
    let answer = this.#passphrases.get(name)
    if (answer === undefined) {
      const { passphrase, prompt } = this.#credentials
      answer = readSecret(`the passphrase of ${name}`, passphrase).then(found => found ?? prompt?.({ text: `passphrase of ${name}`, secret: true }))
      this.#passphrases.set(name, answer)
    }
    return answer
  }

  async #passwordMethod(): Promise<AnyAuthMethod | undefined> {
    const password = await this.#readPassword()
    return password === undefined ? undefined : { type: 'password', username: this.#credentials.user, password }
  }

  #readPassword(): Promise<string | undefined> {
    const { account, password, prompt } = this.#credentials
    return (this.#password ??= readSecret(`the password of ${account}`, password).then(
      found => found ?? prompt?.({ text: `password of ${account}`, secret: true }),
    ))
  }

  async #interactiveMethod(): Promise<AnyAuthMethod | undefined> {
    const { account, user, password, prompt } = this.#credentials
    const given = await readSecret(`the password of ${account}`, password)
    if (given === undefined && prompt === undefined) return undefined
    let isGivenUsed = false
    return {
      type: 'keyboard-interactive',
      username: user,
      prompt: (_name, _instructions, _language, questions, finish) => {
        const answer = async (): Promise<string[]> => {
          const answers: string[] = []
          for (const { prompt: text, echo } of questions as readonly { readonly prompt: string; readonly echo?: boolean }[]) {
            const secret = echo !== true
            // One hidden question is the password. What is asked next is something else, such as a code.
            if (given !== undefined && secret && !isGivenUsed) {
              isGivenUsed = true
              answers.push(given)
            } else answers.push((await prompt?.({ text: `${account}: ${text.replace(/:?\s*$/, '')}`, secret })) ?? '')
          }
          return answers
        }
        answer().then(finish, () => finish([]))
      },
    }
  }

  #agent(socket: string): SshAgent {
    const agent = this.#ssh2.createAgent(socket) as unknown as SshAgent
    const { identityFiles, identitiesOnly } = this.#credentials
    return identitiesOnly ? selectKeys(this.#ssh2, agent, identityFiles) : agent
  }
}

const advice =
  'Give a key (identityFiles, ~/.ssh/config), an agent (SSH_AUTH_SOCK), or a password by SYNCLINE_SFTP_PASSWORD, SYNCLINE_SFTP_PASSWORD_FILE or SYNCLINE_SFTP_PASSWORD_COMMAND; the passphrase of a key by SYNCLINE_SFTP_PASSPHRASE, with the same endings'

/** An agent that shows only the keys of these files, by their public halves. */
function selectKeys(ssh2: Ssh2, agent: SshAgent, files: readonly string[]): SshAgent {
  const wanted = files.flatMap(file => publicKeyOf(ssh2, file) ?? [])
  const inner = agent as unknown as {
    getIdentities(done: (error: Error | undefined, keys?: readonly (ParsedKey | PublicKeyEntry)[]) => void): void
    sign(...rest: readonly unknown[]): void
  }
  class SelectedAgent extends ssh2.BaseAgent<string | Buffer | ParsedKey> {
    getIdentities(done: (error: Error | undefined, keys?: never[]) => void): void {
      inner.getIdentities((error, keys) => {
        const all = (keys ?? []) as readonly ParsedKey[]
        done(error, all.filter(key => wanted.some(bytes => bytes.equals(key.getPublicSSH()))) as never[])
      })
    }

    sign(...rest: readonly unknown[]): void {
      inner.sign(...rest)
    }
  }
  return new SelectedAgent() as unknown as SshAgent
}

function publicKeyOf(ssh2: Ssh2, file: string): Buffer | undefined {
  for (const candidate of [`${file}.pub`, file]) {
    try {
      const parsed = ssh2.utils.parseKey(readFileSync(candidate)) as ParsedKey | readonly ParsedKey[] | Error
      const key = Array.isArray(parsed) ? (parsed as readonly ParsedKey[])[0] : (parsed as ParsedKey | Error)
      if (key !== undefined && !(key instanceof Error)) return key.getPublicSSH()
    } catch {
      continue
    }
  }
  return undefined
}
