import { acquireLock, SyncStateManager, pairId, type StoredState } from '@syncline/core'
import { suggest } from '../arguments/suggest.ts'
import type { Command, Invocation } from '../command.ts'
import type { Place, StateReference } from '../environment.ts'
import { choosePair } from '../opened-pair.ts'
import { escapeControls, toJsonLine } from '../terminal/escape.ts'
import { formatAgo, formatCount, formatMoment } from '../terminal/format.ts'
import { padEnd } from '../terminal/width.ts'
import { UsageError } from '../usage-error.ts'

const words = ['show', 'path', 'clear'] as const

/** `state show|path|clear [SRC DST]`. */
export const state: Command = async invocation => {
  const [given, ...operands] = invocation.operands
  const word = words.find(name => name === given)
  if (word === undefined) {
    const near = given === undefined ? undefined : suggest(given, words)
    throw new UsageError(
      given === undefined ? 'state show, path or clear?' : `${JSON.stringify(given)} is none of show, path, clear`,
      near === undefined ? 'Usage: syncline state show SRC DST' : `Did you mean syncline state ${near}?`,
    )
  }
  const { reference, id, title } = await chooseState({ ...invocation, operands })
  const { environment } = invocation
  const place = await environment.locateState(reference)
  if (word === 'path') {
    environment.stdout.write(invocation.options.has('json') ? `${toJsonLine({ type: 'state', path: place.location })}\n` : `${place.location}\n`)
    return 0
  }
  const storage = await environment.stateStorage(reference)
  try {
    const manager = new SyncStateManager(storage)
    const stored = await manager.open(id)
    if (word === 'show') return show(stored, place, invocation)
    if (!(await mayClear(title, invocation))) return 5
    // A run that is under way would write its state back.
    const lock = await acquireLock(storage, await environment.owner(), { now: () => environment.now() })
    try {
      await manager.clear()
    } finally {
      await lock.release()
    }
    if (!invocation.options.has('quiet'))
      environment.stdout.write(`The state of ${title} is cleared. The next sync merges both sides and deletes nothing.\n`)
    return 0
  } finally {
    await storage.close?.()
  }
}

interface ChosenState {
  readonly reference: StateReference
  /** Identity of the pair; undefined for a state that was named without its pair. */
  readonly id: string | undefined
  readonly title: string
}

async function chooseState(invocation: Invocation): Promise<ChosenState> {
  const { options, environment, operands } = invocation
  const location = options.text('state')
  if (location !== undefined && operands.length === 0) return { reference: { location }, id: undefined, title: location }
  const [source, destination] = await choosePair(operands, invocation)
  // Only their names are needed, so neither place has to be there.
  const sides = [
    await environment.open((await environment.locate(source)).location),
    await environment.open((await environment.locate(destination)).location),
  ] as const
  const id = await pairId(...sides)
  const title = sides.map(({ name }) => name).join(' and ')
  for (const side of sides) await side.close?.()
  return { reference: location === undefined ? { pair: id } : { location }, id, title }
}

async function mayClear(title: string, { options, environment, err }: Invocation): Promise<boolean> {
  if (options.has('yes')) return true
  if (environment.confirm !== undefined) return environment.confirm(`Forget what is known of ${escapeControls(title)}?`, false)
  environment.stderr.write(`${err.symbols.failed} refused: clearing the state needs a confirmation\n  If that is right, add --yes\n`)
  return false
}

async function show(stored: StoredState, place: Place, { options, environment, out }: Invocation): Promise<number> {
  const { metadata, problem, entries } = stored
  if (options.has('json')) {
    environment.stdout.write(`${toJsonLine({ type: 'state', path: place.location, entries, problem: problem ?? null, ...metadata })}\n`)
    return 0
  }
  const last = metadata?.lastRun
  const rows: [string, string][] = [
    ['state', escapeControls(place.location)],
    ...(metadata === undefined
      ? []
      : ([
          ['source', escapeControls(metadata.source)],
          ['destination', escapeControls(metadata.destination)],
          ['mode', metadata.mode],
        ] as [string, string][])),
    ['paths', `${formatCount(entries.source)} at the source, ${formatCount(entries.destination)} at the destination`],
    ['last sync', last === undefined ? 'none' : `${formatAgo(environment.now() - last.end)} (${formatMoment(last.end)}), exit ${last.exitCode}`],
    ['conflicts', formatCount(metadata?.conflicts.length ?? 0)],
    ...(problem === undefined ? [] : ([[problem.kind, escapeControls(problem.reason)]] as [string, string][])),
  ]
  environment.stdout.write(`${rows.map(([word, text]) => `${out.paint('faint', padEnd(word, 13))}${text}`).join('\n')}\n`)
  return 0
}
