import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { matchesList } from './patterns.ts'

/** A line of a known_hosts file that concerns a host. */
export interface KnownKey {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** As the key says it, e.g. "ssh-ed25519". */
  readonly type: string
  /** The public key as it is sent by the server. */
  readonly key: Buffer
  /** `revoked` keys must not be accepted; those of a `cert-authority` sign keys, which is not supported. */
  readonly marker: 'revoked' | 'cert-authority' | undefined
}

/** What known_hosts says of a key that a server shows. */
export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'revoked'; readonly by: KnownKey }
  /** Other keys of the same type are known. */
  | { readonly kind: 'changed'; readonly known: readonly KnownKey[] }
  /** Only keys of other types are known. */
  | { readonly kind: 'other-type'; readonly known: readonly KnownKey[] }

/** How a host is named in known_hosts: alone at port 22, else as `[host]:port`. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase()
  return port === 22 ? name : `[${name}]:${port}`
}

/** The keys that the files have for a host. Files that are missing have none; others that cannot be read throw. */
export function findKnownKeys(files: readonly string[], host: string, port: number): readonly KnownKey[] {
  const name = knownHostName(host, port)
  return files.flatMap(file => parseKnownHosts(readIfThere(file), file, name))
}

/** The lines of a known_hosts file that concern a host, by its {@link knownHostName}. Lines that make no sense concern nobody. */
export function parseKnownHosts(text: string, file: string, name: string): readonly KnownKey[] {
  const found: KnownKey[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const fields = line.trim().split(/[ \t]+/)
    if (fields[0] === undefined || fields[0] === '' || fields[0].startsWith('#')) continue
    const marker = fields[0].startsWith('@') ? fields.shift()?.slice(1) : undefined
    if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') continue
    const [hosts, type, encoded] = fields
    if (hosts === undefined || type === undefined || encoded === undefined || !concerns(hosts, name)) continue
    const key = Buffer.from(encoded, 'base64')
    if (typeOfKey(key) === type) found.push({ file, line: index + 1, type, key, marker })
  }
  return found
}

/** Judges a key that a server shows. */
export function judge(known: readonly KnownKey[], key: Buffer): Verdict {
  const same = (other: KnownKey): boolean => other.key.equals(key)
  const by = known.find(entry => entry.marker === 'revoked' && same(entry))
  if (by !== undefined) return { kind: 'revoked', by }
  const plain = known.filter(({ marker }) => marker === undefined)
  if (plain.some(same)) return { kind: 'known' }
  if (plain.length === 0) return { kind: 'unknown' }
  const type = typeOfKey(key)
  const ofType = plain.filter(entry => entry.type === type)
  return ofType.length > 0 ? { kind: 'changed', known: ofType } : { kind: 'other-type', known: plain }
}

/** The name of the algorithm, which a key begins with. */
export function typeOfKey(key: Buffer): string | undefined {
  if (key.length < 4) return undefined
  const length = key.readUInt32BE(0)
  return length > 0 && length <= 64 && key.length >= 4 + length ? key.toString('latin1', 4, 4 + length) : undefined
}

/** As `ssh-keygen -l` shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

function concerns(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) return isHashOf(hosts, name)
  return matchesList(name, hosts.split(','))
}

function isHashOf(hashed: string, name: string): boolean {
  const [, , salt, hash] = hashed.split('|')
  if (salt === undefined || hash === undefined) return false
  const expected = Buffer.from(hash, 'base64')
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}
