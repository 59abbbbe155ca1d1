import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import { Client, FTPError } from 'basic-ftp'
import { onAbort, StorageError } from '@syncline/core'
import { Connection } from './connection.ts'
import type { Known } from './known.ts'
import { isPositive, LostConnection, oneLine, type Reply } from './reply.ts'
import type { Settings } from './settings.ts'

/** What MLSD and MLST are to tell. */
const wantedFacts = 'OPTS MLST type;size;modify;unique;UNIX.mode;'

/** How long the answers to the first commands that are sent together may take, before they are sent one by one. */
const trialMs = 10_000

/**
 * Connects, protects the connection, logs in, and finds out what the server can do unless that is known.
 *
 * @param known - from an earlier connection to the same server
 */
export async function openConnection(settings: Settings, known: Known | undefined, signal?: AbortSignal): Promise<Connection> {
  signal?.throwIfAborted()
  try {
    return await openOnce(settings, known, signal, known?.pipelines ?? true)
  } catch (error) {
    if (known !== undefined || !(error instanceof PipelineTrialFailed)) throw error
    return await openOnce(settings, known, signal, false)
  }
}

class PipelineTrialFailed extends Error {}

async function openOnce(settings: Settings, known: Known | undefined, signal: AbortSignal | undefined, pipelines: boolean): Promise<Connection> {
  const began = performance.now()
  const client = new Client(settings.timeoutMs)
  const leave = onAbort(signal, () => client.close())
  try {
    const verify = (socket: TLSSocket): void => checkFingerprint(settings, socket)
    const greeting = await connect(client, settings, verify)
    await authenticate(client, settings)
    const connection = new Connection({ client, known: known ?? draftOf(settings, greeting, pipelines), timeoutMs: settings.timeoutMs, verify })
    if (known !== undefined) return await prepare(connection, client)
    await learn(connection, client, settings)
    connection.known.loginMs = performance.now() - began
    return connection
  } catch (error) {
    client.close()
    signal?.throwIfAborted()
    throw error
  } finally {
    leave()
  }
}

/** @returns the greeting */
async function connect(client: Client, settings: Settings, verify: (socket: TLSSocket) => void): Promise<string> {
  const { host, port, name, tls } = settings
  // A copy for each connection: basic-ftp adds to it.
  const tlsOptions = { ...settings.tlsOptions, host, ...(isIP(host) === 0 && { servername: host }) }
  try {
    if (tls === 'implicit') {
      const { message } = await client.connectImplicitTLS(host, port, tlsOptions)
      verify(client.ftp.socket as TLSSocket)
      return message
    }
    const { message } = await client.connect(host, port)
    if (tls === 'none' || (tls === 'auto' && isLoopback(client.ftp.socket.remoteAddress ?? ''))) return message
    try {
      await client.useTLS(tlsOptions)
    } catch (error) {
      if (!(error instanceof FTPError)) throw error
      // Without a password there is nothing to lose. With one, a server that suddenly offers no TLS may not be the server.
      if (tls === 'auto' && settings.isAnonymous) return message
      throw new StorageError(
        'UNAUTHENTICATED',
        `${name} offers no TLS (${oneLine(error.message)}), and the password was not sent; say tls=none to send it over an open line`,
        { cause: error },
      )
    }
    verify(client.ftp.socket as TLSSocket)
    return message
  } catch (error) {
    throw asConnectError(error, settings)
  }
}

async function authenticate(client: Client, settings: Settings): Promise<void> {
  const { name, user } = settings
  const password = await settings.password()
  try {
    await client.login(user, password)
  } catch (error) {
    if (!(error instanceof FTPError)) throw asConnectError(error, settings)
    const { code } = error
    if (code === 421 || /too many|maximum|limit/i.test(error.message)) {
      throw new StorageError('RATE_LIMITED', `${name} allows no further connection: ${oneLine(error.message)}`, { cause: error })
    }
    const advice = code === 550 || code === 530 || code === 430 ? '; check the user and the password' : ''
    throw new StorageError('UNAUTHENTICATED', `${name} did not log in ${JSON.stringify(user)}: ${oneLine(error.message)}${advice}`, { cause: error })
  }
}

/** What every further connection needs. */
function preparation(client: Client): readonly string[] {
  return ['OPTS UTF8 ON', 'TYPE I', wantedFacts, ...(client.ftp.hasTLS ? ['PBSZ 0', 'PROT P'] : [])]
}

async function prepare(connection: Connection, client: Client): Promise<Connection> {
  // Whatever comes next is answered after these; who can send ahead need not wait for them.
  if (connection.known.pipelines) void connection.control.send(...preparation(client).map(quiet => ({ quiet })))
  else await connection.ask(...preparation(client))
  // Most of what is asked of a server is a listing or a file.
  connection.prepareTransfer()
  return connection
}

/** The first connection to a server asks what there is, all at once, which also shows whether the server can take that. */
async function learn(connection: Connection, client: Client, settings: Settings): Promise<void> {
  const draft = connection.known
  const began = performance.now()
  const asking = connection.ask('FEAT', 'SYST', 'PWD', 'SITE HELP', ...preparation(client))
  connection.prepareTransfer()
  let timer: ReturnType<typeof setTimeout> | undefined
  const trial = new Promise<never>((_, reject) => {
    if (draft.pipelines) timer = setTimeout(() => reject(new PipelineTrialFailed()), Math.min(trialMs, settings.timeoutMs))
  })
  const replies = await Promise.race([asking, trial]).finally(() => clearTimeout(timer))
  const [feat, syst, pwd, help] = replies as [Reply, Reply, Reply, Reply]
  const roundTripMs = performance.now() - began
  const features = featuresOf(feat)
  const site = new Set(isPositive(help) ? (help.text.toUpperCase().match(/\b[A-Z]{3,}\b/g) ?? []) : [])
  Object.assign(draft, { features, site, home: homeOf(pwd), roundTripMs, identity: identityOf(settings, draft.greeting, feat, syst) })
  draft.listHidden = !/windows/i.test(syst.text)
  draft.setTime = settings.setTimes === 'none' ? undefined : (settings.setTimes ?? assumedTimeCommand(draft))
}

function draftOf(settings: Settings, greeting: string, pipelines: boolean): Known {
  return {
    identity: settings.name,
    features: new Map(),
    site: new Set(),
    greeting: oneLine(greeting.split('\n', 1)[0] as string),
    home: '',
    pipelines,
    passive: 'EPSV',
    // By name, as no trial shows it surely: vsftpd reads nothing during a transfer. ProFTPD answers most commands at once as soon as data flows,
    // and pure-ftpd takes whatever comes for an unknown command, with an answer that looks like the end of the transfer.
    queues: /vsftpd/i.test(greeting),
    keepsAlive: /vsftpd|proftpd/i.test(greeting),
    setTime: undefined,
    probed: false,
    listHidden: true,
    replaces: true,
    exactNames: undefined,
    newFileMode: undefined,
    rewrites: [],
    zoneMs: undefined,
    clockMs: undefined,
    listZones: {},
    limit: undefined,
    roundTripMs: 0,
    loginMs: 0,
  }
}

/** "MLST modify*;size*;" below "211-Features:" as "MLST" and what follows it. */
function featuresOf(reply: Reply): ReadonlyMap<string, string> {
  const features = new Map<string, string>()
  if (!isPositive(reply)) return features
  for (const line of reply.text.split('\n').slice(1, -1)) {
    const [name = '', ...rest] = line.trim().split(' ')
    if (name !== '') features.set(name.toUpperCase(), rest.join(' '))
  }
  return features
}

/** The directory in `257 "/home/ana" is the current directory`; a quote in it is doubled. */
function homeOf(reply: Reply): string {
  const quoted = isPositive(reply) ? /"((?:[^"]|"")*)"/.exec(reply.text)?.[1] : undefined
  const home = (quoted ?? '/').replaceAll('""', '"')
  return home.replace(/\/+$/, '')
}

function identityOf({ host, port }: Settings, greeting: string, feat: Reply, syst: Reply): string {
  // Greetings may hold the time, the load, a counter: their letters say which program it is.
  const program = greeting.replace(/[^a-z]+/gi, '')
  return `${host}:${port} ${createHash('sha256').update(`${program}\n${feat.text}\n${syst.text}`).digest('hex').slice(0, 16)}`
}

/** What is likely to set times; the probe will show. `vsftpd` announces no command for it and takes MDTM unless it is told not to. */
function assumedTimeCommand({ features, greeting }: Known): Known['setTime'] {
  if (features.has('MFMT')) return 'MFMT'
  return features.has('MDTM') && /vsftpd/i.test(greeting) ? 'MDTM' : undefined
}

function checkFingerprint({ fingerprint, name }: Settings, socket: TLSSocket): void {
  // A resumed session was verified when it began.
  if (fingerprint === undefined || socket.isSessionReused()) return
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate>
  const seen = (certificate.fingerprint256 ?? '').replaceAll(':', '').toLowerCase()
  if (seen === fingerprint) return
  throw new StorageError(
    'UNAUTHENTICATED',
    `the certificate of ${name} is not the expected one: its SHA-256 fingerprint is ${certificate.fingerprint256 ?? 'unknown'}`,
  )
}

function asConnectError(error: unknown, { name, timeoutMs }: Settings): unknown {
  if (error instanceof StorageError) return error
  if (error instanceof FTPError) {
    const limited = error.code === 421 || error.code === 530
    return new StorageError(limited ? 'RATE_LIMITED' : 'UNAVAILABLE', `${name} does not take the connection: ${oneLine(error.message)}`, {
      cause: error,
    })
  }
  const { code, message } = error as NodeJS.ErrnoException
  if (message?.startsWith('Timeout') === true)
    return new StorageError('TIMEOUT', `${name} did not answer within ${timeoutMs / 1000} s`, { cause: error })
  if (typeof code === 'string' && certificateErrors.test(code)) {
    return new StorageError(
      'UNAUTHENTICATED',
      `the certificate of ${name} could not be verified (${oneLine(message)}); give its CA file with \`ca\`, or its SHA-256 with \`fingerprint\``,
      { cause: error },
    )
  }
  if (code === 'ENOTFOUND') return new StorageError('UNAVAILABLE', `${name}: no host of that name is known`, { retryable: false, cause: error })
  if (error instanceof LostConnection) return error
  return new StorageError('UNAVAILABLE', `could not connect to ${name}: ${oneLine(message)}`, { cause: error })
}

/** The codes with which TLS refuses certificates. */
const certificateErrors = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH/

/** Whether an address is of this machine. */
function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.') || address === 'localhost'
}
