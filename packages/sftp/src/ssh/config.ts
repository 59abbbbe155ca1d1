import { readdirSync, readFileSync } from 'node:fs'
import { homedir, hostname, userInfo } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { matchesList, matchesPattern } from './patterns.ts'

/** What configuration files of OpenSSH say of a host. Absent: they say nothing. */
export interface HostConfig {
  readonly hostName?: string
  readonly port?: number
  readonly user?: string
  readonly identityFiles: readonly string[]
  readonly identitiesOnly?: boolean
  /** The path of a socket, or `none`. */
  readonly identityAgent?: string
  /** Hosts to go through, the first to connect to first. */
  readonly proxyJump?: readonly string[]
  readonly hostKeyAlias?: string
  readonly userKnownHostsFiles?: readonly string[]
  readonly globalKnownHostsFiles?: readonly string[]
  /** Seconds. */
  readonly serverAliveInterval?: number
  readonly serverAliveCountMax?: number
  /** Seconds. */
  readonly connectTimeout?: number
  /** What the files ask for and this reader cannot do. Sentences for people. */
  readonly unsupported: readonly string[]
}

/** Keywords that are read; the others have no meaning for file transfer, or are never weaker here than there. */
const keywords = new Set([
  'hostname',
  'port',
  'user',
  'identityfile',
  'identitiesonly',
  'identityagent',
  'proxyjump',
  'hostkeyalias',
  'userknownhostsfile',
  'globalknownhostsfile',
  'serveraliveinterval',
  'serveralivecountmax',
  'connecttimeout',
])
/** Without these a connection would be made another way than the file says. */
const unsupportedKeywords: Readonly<Record<string, string>> = {
  proxycommand: 'ProxyCommand is not supported; use ProxyJump',
  certificatefile: 'CertificateFile is not supported',
  pkcs11provider: 'PKCS11Provider is not supported; load the key into an agent',
}
const deepestInclude = 16

/** Where and for whom configuration files are read; a test brings its own. */
export interface ConfigContext {
  /** Of the user. */
  readonly home?: string
  /** The user who was asked for, if one was. */
  readonly user?: string | undefined
}

/**
 * Reads what configuration files say of a host, as `ssh` would: in each, the first value of a keyword wins, and `IdentityFile` gathers.
 *
 * `StrictHostKeyChecking` is not read: host keys are always checked strictly. `Match` with `all`, `host`, `originalhost`, `user` and `localuser`
 * is understood; another one is reported in `unsupported` if it could concern the host.
 *
 * @param files - the earlier ones win; missing ones say nothing
 * @param host - as the user wrote it
 */
export function readConfig(files: readonly string[], host: string, context: ConfigContext = {}): HostConfig {
  const reader = new ConfigReader(host, context.home ?? homedir(), context.user)
  for (const file of files) reader.readFile(file, 0)
  return reader.result()
}

class ConfigReader {
  readonly #host: string
  readonly #home: string
  readonly #user: string | undefined
  readonly #values = new Map<string, readonly string[]>()
  readonly #identityFiles: string[] = []
  readonly #unsupported: string[] = []

  constructor(host: string, home: string, user: string | undefined) {
    this.#host = host
    this.#home = home
    this.#user = user
  }

  readFile(file: string, depth: number): void {
    if (depth > deepestInclude) throw new TypeError(`${file} is included by itself`)
    const text = readIfThere(file)
    if (text === undefined) return
    let applies = true
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      const [keyword, values] = splitLine(line)
      if (keyword === undefined) continue
      if (keyword === 'host') applies = matchesList(this.#host, values)
      else if (keyword === 'match') applies = this.#matches(values, `${file}:${index + 1}`)
      else if (!applies) continue
      else if (keyword === 'include') this.#include(values, file, depth)
      else this.#take(keyword, values, `${file}:${index + 1}`)
    }
  }

  result(): HostConfig {
    const get = (keyword: string): string | undefined => this.#values.get(keyword)?.[0]
    const number = (keyword: string): number | undefined => {
      const value = get(keyword)
      return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined
    }
    const hostName = this.#expandHost(get('hostname'))
    const user = get('user')
    const port = number('port')
    const tokens = { hostName: hostName ?? this.#host, port: port ?? 22, user: this.#user ?? user ?? userInfo().username }
    const paths = (keyword: string): readonly string[] | undefined => this.#values.get(keyword)?.map(value => this.#expandPath(value, tokens))
    const jump = get('proxyjump')
    const identitiesOnly = get('identitiesonly')
    const agent = get('identityagent')
    const found: { -readonly [K in keyof HostConfig]: HostConfig[K] | undefined } = {
      hostName,
      port,
      user,
      identityFiles: this.#identityFiles.filter(value => value.toLowerCase() !== 'none').map(value => this.#expandPath(value, tokens)),
      identitiesOnly: identitiesOnly === undefined ? undefined : identitiesOnly.toLowerCase() === 'yes',
      identityAgent: agent === undefined || agent === 'none' ? agent : this.#expandAgent(agent, tokens),
      proxyJump: jump === undefined || jump.toLowerCase() === 'none' ? undefined : jump.split(','),
      hostKeyAlias: get('hostkeyalias'),
      userKnownHostsFiles: paths('userknownhostsfile'),
      globalKnownHostsFiles: paths('globalknownhostsfile'),
      serverAliveInterval: number('serveraliveinterval'),
      serverAliveCountMax: number('serveralivecountmax'),
      connectTimeout: number('connecttimeout'),
      unsupported: this.#unsupported,
    }
    return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as unknown as HostConfig
  }

  #take(keyword: string, values: readonly string[], place: string): void {
    const [value] = values
    if (value === undefined) return
    if (keyword === 'identityfile') this.#identityFiles.push(value)
    else if (keywords.has(keyword)) {
      if (!this.#values.has(keyword)) this.#values.set(keyword, values)
    } else if (Object.hasOwn(unsupportedKeywords, keyword) && value.toLowerCase() !== 'none') {
      this.#unsupported.push(`${place}: ${unsupportedKeywords[keyword]}`)
    }
  }

  #matches(values: readonly string[], place: string): boolean {
    let matches = true
    const words = [...values]
    while (words.length > 0) {
      const word = (words.shift() as string).toLowerCase()
      const isNegated = word.startsWith('!')
      const criterion = isNegated ? word.slice(1) : word
      if (criterion === 'all') continue
      const subject = this.#subjectOf(criterion)
      if (subject === undefined) {
        // A criterion before it has decided that the block does not concern this host.
        if (matches) this.#unsupported.push(`${place}: Match ${criterion} is not supported, so what follows it is left out`)
        return false
      }
      if (matchesList(subject, (words.shift() ?? '').split(',')) === isNegated) matches = false
    }
    return matches
  }

  #subjectOf(criterion: string): string | undefined {
    switch (criterion) {
      case 'host':
        return this.#expandHost(this.#values.get('hostname')?.[0]) ?? this.#host
      case 'originalhost':
        return this.#host
      case 'user':
        return this.#user ?? this.#values.get('user')?.[0] ?? userInfo().username
      case 'localuser':
        return userInfo().username
      default:
        return undefined
    }
  }

  #include(patterns: readonly string[], from: string, depth: number): void {
    for (const pattern of patterns) {
      const whole = pattern.startsWith('~/') ? join(this.#home, pattern.slice(2)) : pattern
      const base = from.startsWith('/etc/') ? '/etc/ssh' : join(this.#home, '.ssh')
      for (const file of expandGlob(isAbsolute(whole) ? whole : join(base, whole))) this.readFile(file, depth + 1)
    }
  }

  #expandHost(name: string | undefined): string | undefined {
    return name?.replace(/%[h%]/g, token => (token === '%%' ? '%' : this.#host))
  }

  #expandAgent(value: string, tokens: Tokens): string | undefined {
    const variable = value === 'SSH_AUTH_SOCK' ? 'SSH_AUTH_SOCK' : /^\$\{?(\w+)\}?$/.exec(value)?.[1]
    return variable === undefined ? this.#expandPath(value, tokens) : process.env[variable]
  }

  #expandPath(value: string, { hostName, port, user }: Tokens): string {
    const meanings: Readonly<Record<string, string>> = {
      '%%': '%',
      '%d': this.#home,
      '%h': hostName,
      '%n': this.#host,
      '%p': `${port}`,
      '%r': user,
      '%u': userInfo().username,
      '%l': hostname(),
      '%L': hostname().split('.')[0] as string,
      '%i': `${process.getuid?.() ?? ''}`,
    }
    const text = value.replace(/%./g, token => meanings[token] ?? token).replace(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? '')
    if (text === '~') return this.#home
    return text.startsWith('~/') ? join(this.#home, text.slice(2)) : text
  }
}

interface Tokens {
  readonly hostName: string
  readonly port: number
  readonly user: string
}

/** The keyword in lower case and its arguments. `=` may stand between them, and arguments may be in quotes. */
function splitLine(line: string): [keyword: string | undefined, values: readonly string[]] {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return [undefined, []]
  const [, keyword, rest] = /^([^\s=]+)\s*=?\s*(.*)$/s.exec(text) ?? []
  if (keyword === undefined || rest === undefined) return [undefined, []]
  const values: string[] = []
  for (const [, quoted, plain] of rest.matchAll(/"([^"]*)"|([^\s"]+)/g)) {
    if (quoted === undefined && plain?.startsWith('#') === true) break
    values.push(quoted ?? (plain as string))
  }
  return [keyword.toLowerCase(), values]
}

/** Files that match a path with `*` and `?` in any of its names, sorted. */
function expandGlob(path: string): readonly string[] {
  if (!/[*?]/.test(path)) return [path]
  const parents = expandGlob(dirname(path))
  const pattern = path.slice(dirname(path).length).replace(/^\//, '')
  return parents.flatMap(parent =>
    namesIn(parent)
      .filter(name => (!name.startsWith('.') || pattern.startsWith('.')) && matchesPattern(name, pattern))
      .map(name => join(parent, name)),
  )
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
