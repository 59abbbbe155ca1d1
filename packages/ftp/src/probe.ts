import type { Path } from '@syncline/core'
import type { Connection } from './connection.ts'
import { listFor } from './directory.ts'
import { hasFacts, type TimeCommand } from './known.ts'
import { setTimeCommand } from './publish.ts'
import type { Remote } from './remote.ts'
import { isPositive, type Reply } from './reply.ts'
import { statOn } from './stat.ts'
import { temporaryFor } from './temporary.ts'
import { parseTime } from './time.ts'
import { zoneBetween } from './zone.ts'

/** Neither now nor at midnight, so that a time that was not set cannot be taken for it. */
const probeTime = Date.UTC(2001, 1, 3, 4, 5, 6)
const minuteMs = 60_000

/** Names that a server may fold, rewrite or refuse. Directories: they need no data connection. */
const probeNames = { lower: 'case', upper: 'CASE', composed: 'caf\u00e9', decomposed: 'cafe\u0301', space: 'space ', backslash: 'back\\slash' }

/**
 * Learns what only a try can tell, in a directory of our own that is removed again: the clock and its zone, which command sets times, whether a
 * rename replaces, which names come back as they were.
 *
 * What cannot be tried stays as it is assumed: an account that may only read learns nothing here.
 */
export async function probe(remote: Remote): Promise<void> {
  const { pool, known } = remote
  const directory = temporaryFor('probe')
  const at = (name: string): string => `${remote.at(directory)}/${name}`
  const made = await pool.use(async connection => {
    const replies = await connection.ask(...remote.rootsToMake.map(root => `MKD ${root}`), `MKD ${remote.at(directory)}`)
    return isPositive(replies.at(-1) as Reply)
  })
  if (!made) return
  try {
    await pool.use(async connection => {
      await learnNames(remote, connection, directory)
      for (const name of ['a', 'b']) await connection.store(`STOR ${at(name)}`, content(name))
      await learnClock(remote, connection, at('b'))
      const sent = await statOn(remote, connection, `${directory}/b`)
      known.newFileMode = sent?.kind === 'file' ? sent.mode : undefined
      await learnTimeCommand(remote, connection, `${directory}/a`)
      const [ready, renamed] = (await connection.ask(`RNFR ${at('a')}`, `RNTO ${at('b')}`)) as [Reply, Reply]
      if (ready.code === 350) known.replaces = isPositive(renamed)
    })
    known.probed = true
  } finally {
    await pool.use(connection =>
      connection.ask(
        ...['a', 'b'].map(name => `DELE ${at(name)}`),
        ...[...Object.values(probeNames), 'space', 'space_', 'back_slash'].map(name => `RMD ${at(name)}`),
        `RMD ${remote.at(directory)}`,
      ),
    )
  }
}

async function learnNames(remote: Remote, connection: Connection, directory: Path): Promise<void> {
  await connection.ask(...Object.values(probeNames).map(name => `MKD ${remote.at(directory)}/${name}`))
  const names = new Set((await listFor(remote, connection, directory)).map(({ name }) => name))
  const { lower, upper, composed, decomposed, space, backslash } = probeNames
  const { known } = remote
  known.exactNames = [lower, upper, composed, decomposed].every(name => names.has(name))
  known.rewrites = [...(names.has(space) ? [] : ['trailing space']), ...(names.has(backslash) ? [] : ['backslash'])]
}

/** The file was written just now, so its time tells the server's clock. Without MLSD, in a zone that the server keeps to itself. */
async function learnClock(remote: Remote, connection: Connection, at: string): Promise<void> {
  const { known } = remote
  const now = Date.now()
  const [reply] = (await connection.ask(`MDTM ${at}`)) as [Reply]
  const shown = isPositive(reply) ? parseTime(reply.text) : undefined
  if (shown === undefined) return
  const ahead = shown - now
  // The standard says UTC. A server that shows another zone is told from one whose clock is wrong by the full quarters of an hour.
  const zone = hasFacts(known) || Math.abs(ahead) < 10 * minuteMs ? 0 : zoneBetween(shown, now, 2 * minuteMs)
  known.zoneMs = zone ?? 0
  known.clockMs = ahead + known.zoneMs
}

async function learnTimeCommand(remote: Remote, connection: Connection, path: Path): Promise<void> {
  const { known, settings } = remote
  if (settings.setTimes !== undefined) return
  const { features, site } = known
  const candidates: readonly (TimeCommand | undefined)[] = [
    features.has('MFMT') ? 'MFMT' : undefined,
    features.has('MDTM') ? 'MDTM' : undefined,
    site.has('UTIME') ? 'UTIME' : undefined,
  ]
  known.setTime = undefined
  for (const candidate of candidates) {
    const command = candidate === undefined ? undefined : setTimeCommand(remote, remote.at(path), probeTime, candidate)
    if (command === undefined) continue
    const [reply] = (await connection.ask(command)) as [Reply]
    const entry = isPositive(reply) ? await statOn(remote, connection, path) : undefined
    if (entry?.modified !== probeTime) continue
    known.setTime = candidate
    return
  }
}

function content(text: string): { next(): Promise<Uint8Array | undefined> } {
  let isGiven = false
  return {
    next: async () => {
      if (isGiven) return undefined
      isGiven = true
      return Buffer.from(text)
    },
  }
}
