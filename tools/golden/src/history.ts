import { setTimeout } from 'node:timers/promises'
import { collectText, isBelow, isStorageError, type Path, toBytes, type WritableStorage } from '@syncline/core'
import type { Command, Ended } from './command.ts'
import type { Place } from './store.ts'
import { edit, entriesOf, type Found, look } from './tree.ts'

/** Few names, so that both sides meet on them; files that are directories on the other side among them. */
const names: readonly Path[] = ['a', 'b', 'c', 'd', 'd/a', 'd/b', 'e/f/g', 'e/f/h', 'e f/ü & ü', 'x']
const policies = ['newest-wins', 'keep-both', 'source-wins'] as const
type SideName = 'source' | 'destination'

/** Numbers from a seed, at least 0 and below 1. @see https://github.com/cprosche/mulberry32 */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * Two people who write, move and delete on both sides of a pair, and a command that is killed every other time.
 *
 * Every text that somebody writes is one of its kind. It may be gone in the end only if the person who saw it overwrote or deleted it there:
 * whatever the runs did, and wherever they were killed.
 */
export class History {
  readonly #places: Readonly<Record<SideName, Place>>
  readonly #command: Command
  readonly #random: () => number
  readonly #args: readonly string[]
  readonly #log: string[] = []
  /** Texts that nobody has given up. */
  readonly #kept = new Set<string>()
  #texts = 0
  /** Milliseconds of a run that was not killed. */
  #runMs = 800

  constructor(source: Place, destination: Place, command: Command, random: () => number) {
    if (source.location === undefined || destination.location === undefined) throw new TypeError('the command cannot reach a place in memory')
    this.#places = { source, destination }
    this.#command = command
    this.#random = random
    const policy = policies[this.#below(policies.length)] as string
    this.#args = ['sync', '--yes', '--max-delete', 'unlimited', '--allow-empty', '--conflict', policy]
    this.#log.push(`conflicts by ${policy}`)
  }

  /** What happened, for the message of a failure. */
  get story(): string {
    return this.#log.join('\n')
  }

  /** Edits on both sides, and a run that may be killed or meet a new file. */
  async round(): Promise<void> {
    for (const side of ['source', 'destination'] as const) for (let left = this.#below(4); left > 0; left--) await this.#edit(side)
    const isKilled = this.#random() < 0.6
    const meanwhile = this.#random() < 0.4
    const [killAt, editAt] = [this.#random() * this.#runMs * 1.1, this.#random() * this.#runMs]
    const started = performance.now()
    let kill: ((signal: NodeJS.Signals) => void) | undefined
    const running = this.#run(this.#args, given => (kill = given))
    const ending = running.then(() => undefined)
    if (isKilled) void Promise.race([ending, setTimeout(killAt)]).then(() => kill?.('SIGKILL'))
    if (meanwhile) {
      await Promise.race([ending, setTimeout(editAt)])
      await this.#add(this.#random() < 0.5 ? 'source' : 'destination')
    }
    const { signal } = await running
    if (signal === null) this.#runMs = performance.now() - started
    // What a server still has of a killed process arrives before anybody looks.
    else await setTimeout(100)
    this.#log.push(signal === null ? 'ran' : `killed after ${Math.round(killAt)} ms`)
  }

  /** Runs until nothing is left to do. @throws Error if that takes too many runs, or something is lost or left over */
  async settle(): Promise<void> {
    // What the policy left open goes to the trash now, where it does not win.
    const args = [...this.#args.slice(0, -1), 'source-wins']
    for (let runs = 1; ; runs++) {
      const { code, out, err } = await this.#run(args)
      this.#log.push(`settled: exit code ${code}`)
      if (code === 0 && /nothing to do/.test(out)) break
      if (runs === 6) throw new Error(`after ${runs} runs there is still something to do: ${out}${err}`)
    }
    const [source, destination] = [await look(this.#places.source.view), await look(this.#places.destination.view)]
    const complaints = [...this.#lost([source, destination]), ...unequal(source, destination), ...strange(source), ...strange(destination)]
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  }

  #lost(found: readonly Found[]): string[] {
    const there = new Set<string>()
    for (const { tree, trash } of found) {
      for (const text of Object.values(tree)) there.add(tokenOf(text))
      for (const line of trash) there.add(tokenOf(line.slice(line.indexOf(': ') + 2)))
    }
    return [...this.#kept].filter(token => !there.has(token)).map(token => `${token} is lost`)
  }

  async #edit(side: SideName): Promise<void> {
    const { client } = this.#places[side]
    const files = (await entriesOf(client)).filter(({ kind, path }) => kind === 'file' && !path.includes('.syncline-')).map(({ path }) => path)
    const some = files[this.#below(files.length)]
    const what = this.#random()
    if (some !== undefined && what < 0.15) {
      await this.#giveUp(client, some)
      await client.remove(some)
      this.#log.push(`${side}: remove ${some}`)
    } else if (some !== undefined && what < 0.3) {
      const to = this.#name()
      if (isBelow(to, some) || isBelow(some, to) || to === some || !(await isFree(client, to))) return
      await edit(client, { move: some, to })
      this.#log.push(`${side}: move ${some} to ${to}`)
    } else {
      const path = some !== undefined && what < 0.6 ? some : this.#name()
      if (!files.includes(path) && !(await isFree(client, path))) return
      if (files.includes(path)) await this.#giveUp(client, path)
      await this.#write(side, path)
    }
  }

  /** A new file while a run is under way; where two can meet on a name, only if the store decides who was first. */
  async #add(side: SideName): Promise<void> {
    const { client } = this.#places[side]
    const path = client.capabilities.conditional === true && this.#random() < 0.7 ? this.#name() : `new-${this.#texts}`
    try {
      await this.#write(side, path, { ifNoneMatch: '*' })
    } catch (error) {
      if (!isStorageError(error)) throw error
      this.#log.push(`${side}: ${path} was taken`)
    }
  }

  async #write(side: SideName, path: Path, options: { readonly ifNoneMatch?: '*' } = {}): Promise<void> {
    const token = `text-${this.#texts++}-${side}`
    // Mostly of one size, so that an edit shows by its time or version alone.
    const text = `${token} `.padEnd(this.#random() < 0.8 ? 40 : 200_000, '.')
    await this.#places[side].client.write(path, toBytes(text), options)
    this.#kept.add(token)
    this.#log.push(`${side}: write ${path} = ${token}`)
  }

  async #giveUp(client: WritableStorage, path: Path): Promise<void> {
    this.#kept.delete(tokenOf(await collectText(client.read(path))))
  }

  async #run(args: readonly string[], onStarted?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<Ended> {
    const [source, destination] = [this.#places.source.location?.location, this.#places.destination.location?.location]
    return this.#command.run([...args, '--', source as string, destination as string], onStarted)
  }

  #name(): Path {
    return names[this.#below(names.length)] as Path
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count)
  }
}

function tokenOf(text: string): string {
  return text.split(' ', 1)[0] as string
}

/** Whether a file can be put there: nothing is at the path, and no file above it. */
async function isFree(client: WritableStorage, path: Path): Promise<boolean> {
  const entries = await entriesOf(client)
  return !entries.some(entry => entry.path === path || isBelow(entry.path, path) || (entry.kind !== 'directory' && isBelow(path, entry.path)))
}

function unequal(source: Found, destination: Found): string[] {
  const paths = new Set([...Object.keys(source.tree), ...Object.keys(destination.tree)].filter(path => !path.endsWith('/')))
  return [...paths].filter(path => source.tree[path] !== destination.tree[path]).map(path => `${path} differs between the sides`)
}

/** What by which a killed run tried out a store goes an hour later. */
function strange(found: Found): string[] {
  return found.strange.filter(line => !line.startsWith('.syncline-tmp-probe-'))
}
