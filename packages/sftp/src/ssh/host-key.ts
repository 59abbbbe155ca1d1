import { StorageError } from '@syncline/core'
import { fingerprint, judge, knownHostName, typeOfKey, type KnownKey } from './known-hosts.ts'

/** Types of host keys in the order of preference. What would need SHA-1 is left out. */
const keyTypes = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'] as const

/** How a connection decides whether it talks to the right server. */
export interface HostKeyPolicy {
  readonly host: string
  readonly port: number
  /** What known_hosts has. */
  readonly known: readonly KnownKey[]
  /** Keys that are to be accepted instead: fingerprints `SHA256:…`, or lines of public keys. */
  readonly pinned: readonly string[]
  /** Where the command that accepts a key writes to. */
  readonly file: string
}

/**
 * The algorithms to ask the server for, those whose keys are known first.
 *
 * A server has several keys. Asked for one of a type that known_hosts lacks, it shows a key that nobody has confirmed.
 */
export function hostKeyAlgorithms({ known, pinned }: HostKeyPolicy): string[] {
  const wanted = new Set([
    ...known.filter(({ marker }) => marker === undefined).map(({ type }) => type),
    ...pinned.map(pin => pin.trim().split(/\s+/)[0] as string),
  ])
  const first = keyTypes.filter(type => wanted.has(type))
  const rest = keyTypes.filter(type => !wanted.has(type))
  return [...first, ...rest].flatMap(type => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]))
}

/** Checks the key that a server shows. @returns why it is refused, `undefined` if it is accepted */
export function checkHostKey(policy: HostKeyPolicy, key: Buffer): StorageError | undefined {
  const { host, port, known, pinned } = policy
  const name = knownHostName(host, port)
  const shown = `${typeOfKey(key) ?? 'a key of an unknown type'} ${fingerprint(key)}`
  const refuse = (why: string): StorageError => new StorageError('UNAUTHENTICATED', why)
  const verdict = judge(known, key)
  if (verdict.kind === 'revoked')
    return refuse(`the host key of ${name} (${shown}) is revoked in ${placeOf(verdict.by)}; do not connect, and ask who runs the server`)
  if (pinned.length > 0) {
    return pinned.some(pin => isPin(pin, key)) ? undefined : refuse(`the host key of ${name} (${shown}) is not the one that the option hostKey names`)
  }
  switch (verdict.kind) {
    case 'known':
      return undefined
    case 'changed':
      return refuse(
        `the host key of ${name} has changed: the server shows ${shown}, and ${verdict.known
          .map(entry => `${placeOf(entry)} has ${fingerprint(entry.key)}`)
          .join(', ')}. Somebody may be intercepting the connection. If its administrator confirms the new key: ${verdict.known
          .map(({ file }) => file)
          .filter(isFirst)
          .map(file => `ssh-keygen -R ${quote(name)} -f ${quote(file)} && `)
          .join('')}${acceptCommand(policy, key)}`,
      )
    case 'other-type':
      return refuse(
        `the host key of ${name} (${shown}) is not known; known_hosts has a key of another type (${verdict.known
          .map(({ type }) => type)
          .filter(isFirst)
          .join(', ')}), which the server no longer shows. If its administrator confirms this one: ${acceptCommand(policy, key)}`,
      )
    case 'unknown': {
      const hint = known.some(({ marker }) => marker === 'cert-authority')
        ? ' (known_hosts names an authority for it; certificates of hosts are not supported)'
        : ''
      return refuse(
        `the host key of ${name} is not known: ${shown}${hint}. If that is the fingerprint that its administrator gave you: ${acceptCommand(policy, key)}`,
      )
    }
  }
}

/** What adds the key to known_hosts. The key itself is in it: fetching it again could bring another one. */
function acceptCommand({ host, port, file }: HostKeyPolicy, key: Buffer): string {
  return `echo ${quote(`${knownHostName(host, port)} ${typeOfKey(key) ?? ''} ${key.toString('base64')}`)} >> ${quote(file)}`
}

function isPin(pin: string, key: Buffer): boolean {
  const text = pin.trim()
  if (text.startsWith('SHA256:')) return text.replace(/=+$/, '') === fingerprint(key)
  const [type, encoded] = text.split(/\s+/)
  return encoded !== undefined && type === typeOfKey(key) && Buffer.from(encoded, 'base64').equals(key)
}

function placeOf({ file, line }: KnownKey): string {
  return `${file}:${line}`
}

function isFirst(value: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(value) === index
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
