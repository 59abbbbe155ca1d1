import type { HashName, Json } from '@syncline/core'

/** How the time of a file is set. */
export type TimeCommand = 'MFMT' | 'MDTM' | 'UTIME'

/** What is known of a server: told by itself, learned by trying, or remembered from an earlier run. Shared by all connections to it. */
export interface Known {
  /** Says which server this knowledge is about: address, greeting and features. */
  identity: string
  readonly features: ReadonlyMap<string, string>
  /** What `SITE HELP` names, in upper case. */
  readonly site: ReadonlySet<string>
  /** The first line of the greeting. */
  readonly greeting: string
  /** The directory after the login, without "/" at the end. */
  readonly home: string
  /** Commands may be sent before earlier ones are answered. */
  pipelines: boolean
  passive: 'EPSV' | 'PASV'
  /** Commands that arrive during a transfer are answered after it, so those that depend on it may be sent ahead of its end. */
  readonly queues: boolean
  /** NOOP may be sent during a transfer. */
  readonly keepsAlive: boolean
  /** `undefined`: the server sets its own time. */
  setTime: TimeCommand | undefined
  /** Whether the probe has shown what is only assumed before. */
  probed: boolean
  /** `LIST -a` shows names that begin with a dot; some servers take "-a" for a name. */
  listHidden: boolean
  /** RNTO replaces a file. */
  replaces: boolean
  exactNames: boolean | undefined
  /** The permission bits of a file that was just sent. */
  newFileMode: number | undefined
  /** Names that come back changed: "trailing space", "backslash". */
  rewrites: readonly string[]
  /** Milliseconds to add to times of MDTM and LIST to get UTC; 0 for servers that keep to the standard. */
  zoneMs: number | undefined
  /** Milliseconds that the server's clock is ahead of ours. */
  clockMs: number | undefined
  /** Milliseconds to add to times of LIST, by month ("2026-11"), because summer time changes them. */
  listZones: Readonly<Record<string, number>>
  /** Connections that the server allowed when it refused one more. */
  limit: number | undefined
  /** Milliseconds that the first connection took until it could be used. */
  loginMs: number
  /** Milliseconds between a command and its answer, the least that was seen. */
  roundTripMs: number
}

/** What is remembered, as it is stored. */
interface Facts {
  readonly version: 1
  readonly server: string
  readonly setTime: TimeCommand | null
  readonly replaces: boolean
  readonly exactNames: boolean | null
  readonly newFileMode: number | null
  readonly rewrites: readonly string[]
  readonly zoneMs: number | null
  readonly listZones: Readonly<Record<string, number>>
  readonly limit: number | null
  readonly probed: boolean
}

/** What is worth remembering; `undefined` before anything was tried. */
export function factsOf(known: Known): Json | undefined {
  const { identity, setTime, replaces, exactNames, newFileMode, rewrites, zoneMs, listZones, limit, probed } = known
  if (!probed && zoneMs === undefined && limit === undefined && Object.keys(listZones).length === 0) return undefined
  const facts: Facts = {
    version: 1,
    server: identity,
    setTime: setTime ?? null,
    replaces,
    exactNames: exactNames ?? null,
    newFileMode: newFileMode ?? null,
    rewrites,
    zoneMs: zoneMs ?? null,
    listZones,
    limit: limit ?? null,
    probed,
  }
  return facts as unknown as Json
}

/** Takes over what an earlier run learned, if it was about this server. What does not look right is left alone. */
export function recallFacts(known: Known, remembered: Json): void {
  if (typeof remembered !== 'object' || remembered === null || Array.isArray(remembered)) return
  const facts = remembered as unknown as Partial<Facts>
  if (facts.version !== 1 || facts.server !== known.identity) return
  if (facts.setTime === null || facts.setTime === 'MFMT' || facts.setTime === 'MDTM' || facts.setTime === 'UTIME')
    known.setTime = facts.setTime ?? undefined
  if (typeof facts.replaces === 'boolean') known.replaces = facts.replaces
  if (typeof facts.exactNames === 'boolean') known.exactNames = facts.exactNames
  if (typeof facts.newFileMode === 'number') known.newFileMode = facts.newFileMode
  if (Array.isArray(facts.rewrites)) known.rewrites = facts.rewrites.filter(item => typeof item === 'string')
  if (typeof facts.zoneMs === 'number') known.zoneMs = facts.zoneMs
  if (typeof facts.listZones === 'object' && facts.listZones !== null) {
    known.listZones = Object.fromEntries(Object.entries(facts.listZones).filter(([, zone]) => typeof zone === 'number'))
  }
  // One more than the last time: what was refused then may have been others' connections.
  if (typeof facts.limit === 'number' && facts.limit >= 1) known.limit = facts.limit + 1
  if (facts.probed === true) known.probed = true
}

/** Whether MLSD and MLST tell kind, size and time exactly. */
export function hasFacts({ features }: Known): boolean {
  return features.has('MLST') || features.has('MLSD')
}

/** The names that `HASH` and the older commands have for hash functions. */
const hashNames: Readonly<Record<string, HashName>> = { 'SHA-256': 'sha256', 'SHA-1': 'sha1', MD5: 'md5' }
const hashCommands: Readonly<Record<string, HashName>> = { XSHA256: 'sha256', XSHA1: 'sha1', XMD5: 'md5' }

/** How a hash is computed by the server. */
export interface HashWay {
  readonly name: HashName
  /** As in "HASH SHA-256" or "XSHA256". */
  readonly command: string
}

/** The ways by what the server announced: they are asked for at every file. */
const knownWays = new WeakMap<Known['features'], readonly HashWay[]>()

/** The ways to have the server compute hashes, the preferred one first. */
export function hashWays({ features }: Known): readonly HashWay[] {
  const known = knownWays.get(features)
  if (known !== undefined) return known
  const offered = (features.get('HASH') ?? '').split(';').map(item => item.replace('*', '').trim().toUpperCase())
  const ways: HashWay[] = []
  for (const [theirs, name] of Object.entries(hashNames)) if (offered.includes(theirs)) ways.push({ name, command: `HASH ${theirs}` })
  for (const [command, name] of Object.entries(hashCommands)) {
    if (features.has(command) && !ways.some(way => way.name === name)) ways.push({ name, command })
  }
  knownWays.set(features, ways)
  return ways
}

/** The way to have a part of a file hashed: rather by a command that takes the range than by RANG, which stays in force. */
export function rangeHashWay({ features }: Known): HashWay | undefined {
  for (const [command, name] of Object.entries(hashCommands)) if (features.has(command)) return { name, command }
  return undefined
}
