import { resolve } from 'node:path'
import { StorageError, type Bytes, type FamilyCall, type FamilyCommand } from '@syncline/core'
import { fs } from '@syncline/fs'
import { DumpRoot } from '../dumps/dump-root.ts'
import { fileRoots } from '../dumps/dump-roots.ts'
import { FileRoot } from '../dumps/file-root.ts'
import type { DumpEncoding } from '../dumps/write-dumps.ts'
import { BtrSync } from '../replicate/btr-sync.ts'
import type { ReplicationPlan } from '../replicate/plan.ts'
import { nameBelow, placeName } from '../roots/place-name.ts'
import type { BtrfsRoot } from '../roots/root.ts'
import type { RawPath } from '../stream/command.ts'
import { chooseSource, exists, type ChosenSource } from './choose-source.ts'
import { CommandTransfer, concludeSend, type SendTotals } from './command-transfer.ts'
import type { Location } from './location.ts'
import { OutputRoot } from './output-root.ts'
import { throughPipeline } from './pipeline.ts'
import { isFile, withPlaces, type Places } from './places.ts'
import { readSendSettings, sendOptions, type SendSettings } from './send-options.ts'
import { previewLines, transferObject } from './send-preview.ts'

/** `snapshot send SOURCE... DESTINATION`: replicates read-only subvolumes, as what changed since what both sides have wherever that can be done. */
export const send: FamilyCommand = {
  summary: 'Replicate read-only subvolumes, incrementally where possible',
  usage: ['SOURCE... DESTINATION'],
  details: [
    'A place is PATH, [USER@]HOST:PATH, ssh://[USER@]HOST[:PORT]/PATH or file://PATH. What has a colon before its first slash is on another host: write ./a:b for a path.',
    'SOURCE is a subvolume, and then exactly that one is sent; a directory, or a subvolume with a slash at its end, and then everything below it; a pattern such as snaps/dev*, in quotes, and then what matches (* crosses slashes); or a local file that is a dump. Only read-only subvolumes are sent.',
    'What the destination has is recognised by UUIDs and not sent again, whatever it is called there. A subvolume appears under its name when it is complete and verified.',
    'DESTINATION can also be a URL of any storage, such as s3://bucket/dumps: then dumps are kept there.',
    'On a terminal it shows what would be sent and asks; elsewhere it sends without asking.',
  ],
  examples: [
    'syncline snapshot send /mnt/pool/snaps/ /mnt/backup',
    'syncline snapshot send /mnt/pool/snaps/home.1 root@nas:/mnt/backup/laptop',
    "syncline snapshot send 'root@server:/pool/snaps/db*' /mnt/backup --yes",
    'syncline snapshot send /mnt/pool/snaps/ s3://bucket/dumps --dry-run',
  ],
  options: sendOptions,
  completes: 'place',
  run: call => withPlaces(call, places => new Sending(call, places).run()),
}

/** Where subvolumes go. */
interface Target {
  readonly root: BtrfsRoot
  readonly path: RawPath
  /** Whether volumes get the names they have: then these may be taken. */
  readonly keepsNames: boolean
}

class Sending {
  readonly #call: FamilyCall
  readonly #places: Places
  readonly #settings: SendSettings
  readonly #totals: SendTotals = { sent: 0, bytes: 0, failed: 0 }
  /** Beside content on standard output there is no place for lines. */
  #say: (line: string) => void

  constructor(call: FamilyCall, places: Places) {
    this.#call = call
    this.#places = places
    this.#settings = readSendSettings(call)
    this.#say = line => call.print(line)
  }

  async run(): Promise<number> {
    const { operands, usageError, now } = this.#call
    if (operands.length < 2)
      throw usageError(
        operands.length === 0 ? 'the source is missing' : 'a source and a destination are needed, and there is only one place',
        'Usage: syncline snapshot send SOURCE... DESTINATION',
      )
    const startMs = now()
    const locations = operands.map(text => this.#places.parse(text))
    const sources = locations.slice(0, -1)
    const target = await this.#openTarget(locations.at(-1) as Location)
    // All of them before the first is sent: what was misspelt is found before anything is changed.
    const chosen: ChosenSource[] = []
    for (const source of sources) chosen.push(await this.#openSource(source))
    const plans: ReplicationPlan[] = []
    for (const [index, source] of chosen.entries()) {
      const outcome = await this.#sendFrom(source, operands[index] ?? '', target, index < chosen.length - 1)
      if (outcome === 'stop') break
      if (outcome === 'refused') return 5
      if (outcome !== 'skip') plans.push(outcome)
    }
    if (this.#settings.manner === 'dry-run') return this.#concludeDryRun(plans)
    return concludeSend(this.#call, plans, this.#totals, { startMs, say: this.#say })
  }

  async #sendFrom(source: ChosenSource, written: string, target: Target, hasMore: boolean): Promise<ReplicationPlan | 'stop' | 'skip' | 'refused'> {
    const { signal, wantsJson, format, symbols } = this.#call
    const { isWanted, existing, incrementalOnly, batch, clones, parallel, verbose, manner, period, progressLines } = this.#settings
    const transfer = new CommandTransfer({
      call: this.#call,
      totals: this.#totals,
      say: this.#say,
      progressLines,
      dumpsTo: target.keepsNames ? undefined : target.root.name,
      period,
      recvpath: target.path,
      replicateDirs: this.#settings.replicateDirectories,
      createRecvpath: this.#settings.createDestination,
    })
    const sync = new BtrSync(source.root, target.root)
    let matching = 0
    const plan = await sync.plan(
      {
        signal,
        batch,
        clones,
        transferExisting: existing,
        target: volume => {
          if (volume.path === undefined || !source.takes(volume)) return false
          matching++
          return isWanted(source.relative(volume.path))
        },
        // A dump of what changed since itself holds nothing, and a subvolume that is there can be made a snapshot of.
        check: (volume, parent) => (!incrementalOnly || parent !== undefined) && (target.keepsNames || parent?.uuid !== volume.uuid),
      },
      target.keepsNames ? transfer : undefined,
    )
    if (source.mustMatch && matching === 0) throw new StorageError('NOT_FOUND', `no read-only subvolume of ${source.root.name} matches ${written}`)
    if (matching === 0) this.#call.note(`there is no read-only subvolume in ${written}`)
    const into = transfer.into.bind(transfer)
    const preview = (): readonly string[] => previewLines(plan, { format, symbols }, { verbose, into })
    if (manner === 'dry-run') {
      for (const line of preview()) this.#say(line)
      for (const planned of plan.transfers) this.#call.json(transferObject('transfer', plan, planned, into))
      for (const message of plan.problems) this.#call.json({ type: 'problem', message })
      return plan
    }
    if (plan.transfers.length > 0) {
      const answer = await this.#ask(preview, hasMore)
      if (answer !== 'yes') return answer
    }
    if (verbose && !wantsJson) for (const line of preview()) this.#say(line)
    await sync.run(transfer, plan, { signal, parallel })
    return plan
  }

  async #ask(preview: () => readonly string[], hasMore: boolean): Promise<'yes' | 'stop' | 'skip' | 'refused'> {
    const { choose, wantsJson, note, warn, json } = this.#call
    const { manner } = this.#settings
    if (manner === 'go') return 'yes'
    if (choose === undefined || wantsJson) {
      if (manner === 'ask') return 'yes'
      const message = 'nobody can be asked here, and --interactive wants it'
      warn(`refused: ${message}\n  If nobody need be asked, add --yes`)
      json({ type: 'blocked', guard: 'confirmation', override: '--yes', message })
      return 'refused'
    }
    for (const line of preview()) note(line)
    const answer = await choose('Proceed?', hasMore ? ['yes', 'no', 'skip'] : ['yes', 'no'], 'no')
    return answer === 'yes' ? 'yes' : answer === 'skip' ? 'skip' : 'stop'
  }

  #concludeDryRun(plans: readonly ReplicationPlan[]): number {
    const problems = plans.reduce((sum, plan) => sum + plan.problems.length, 0)
    this.#call.json({
      type: 'plan_complete',
      transfers: plans.reduce((sum, plan) => sum + plan.transfers.flatMap(({ volumes }) => volumes).length, 0),
      present: plans.reduce((sum, plan) => sum + plan.present, 0),
      problems,
    })
    return problems > 0 ? 3 : 0
  }

  async #openSource(location: Location): Promise<ChosenSource> {
    const { signal } = this.#call
    if (location.kind === 'storage') {
      const root = new FileRoot(await this.#places.storage(location))
      return { root, takes: () => true, relative: path => path, mustMatch: false }
    }
    if (location.kind === 'local' && (await isFile(location.path))) {
      const { root, path } = await fileRoots().getRoot(location.path)
      return { root, takes: volume => volume.path === path, relative: () => location.path, mustMatch: true }
    }
    const { sudoSource: sudo, scope } = this.#settings
    return chooseSource(location.path, this.#places.roots(location, { sudo, scope }), { signal })
  }

  async #openTarget(location: Location): Promise<Target> {
    const { signal, usageError, wantsJson, note, write } = this.#call
    const { output, pipeline, extension, createDestination, sudoDestination: sudo } = this.#settings
    const encoding = this.#encoding()
    if (location.kind === 'storage') {
      if (output !== undefined) throw usageError(`${location.url} keeps dumps itself, so there is no place for --output`)
      return { root: new DumpRoot(await this.#places.writableStorage(location), { encoding }), path: '', keepsNames: false }
    }
    if (output === undefined && pipeline !== undefined) {
      if (wantsJson) throw usageError('--json and dumps cannot both go to standard output', 'Add --output DIRECTORY, or leave --json out.')
      if (extension !== '') throw usageError('--extension needs --output: standard output has no name')
      this.#say = note
    }
    const destination = await this.#places.roots(location, { sudo }).getRoot(location.path, { signal })
    const isDumped = output !== undefined || pipeline !== undefined
    if (!isDumped && !createDestination && !(await exists(destination.root, destination.path, { signal })))
      throw new StorageError(
        'NOT_FOUND',
        `${placeName(nameBelow(destination.root.name, destination.path), location.path)} is not there; make it, or add --create-destpath`,
      )
    if (output === undefined && pipeline !== undefined)
      return { root: new OutputRoot(destination.root, pipeline.commands, write), path: '', keepsNames: false }
    if (output === undefined) return { root: destination.root, path: destination.path, keepsNames: true }
    const place = this.#places.parse(output)
    const storage = place.kind === 'local' ? fs(resolve(place.path), { fsync: true }) : await this.#places.writableStorage(place)
    return { root: new DumpRoot(storage, { destination: destination.root, encoding }), path: '', keepsNames: false }
  }

  #encoding(): DumpEncoding | undefined {
    const { pipeline, extension } = this.#settings
    if (pipeline === undefined) return undefined
    return {
      pipeline: pipeline.text,
      extension,
      encode: (stream: Bytes, options) => throughPipeline(stream, pipeline.commands, options),
    }
  }
}
