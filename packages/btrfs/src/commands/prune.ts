import { isWritable, messageOf, type FamilyCall, type FamilyCommand } from '@syncline/core'
import { removeDump } from '../dumps/remove-dump.ts'
import { planRetention, type RetentionItem, type RetentionPlan, type RetentionSidePlan } from '../retention/plan-retention.ts'
import { parsePolicy, type RetentionPolicy } from '../retention/policy.ts'
import { dumpItems, snapshotItems } from '../retention/retention-items.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { readContent, type Content } from './content.ts'
import { errorObject } from './list.ts'
import { withPlaces } from './places.ts'

/** `snapshot prune SOURCE [DESTINATION...]`: deletes what no schedule keeps. */
export const prune: FamilyCommand = {
  summary: 'Delete snapshots and dumps that no schedule keeps',
  usage: ['SOURCE [DESTINATION...]'],
  details: [
    'A schedule says how many hours, days, weeks, months and years keep their first snapshot: "14d 8w *m" keeps one of each of 14 days, of 8 weeks, and of every month. --keep and --minimum are for SOURCE, --destination-keep and --destination-minimum for each DESTINATION. Where nothing is said, everything is kept.',
    'Only read-only subvolumes and complete dumps whose names tell a time are ever deleted. The latest stay, and the latest that SOURCE has in common with each DESTINATION, on both, and what a kept dump needs. If one of the places cannot be reached, nothing is deleted anywhere.',
    'It shows what would be deleted and asks. Where nobody can be asked, --yes is needed.',
  ],
  examples: [
    'syncline snapshot prune /mnt/pool/snaps --keep "14d 8w" --dry-run',
    'syncline snapshot prune /mnt/pool/snaps root@nas:/mnt/backup --keep 7d --destination-keep "30d *m" --yes',
  ],
  options: {
    keep: { short: 'k', value: 'SCHEDULE', text: 'What is kept at SOURCE: 24h 14d 8w 6m 2y, some of these; * for all' },
    minimum: {
      short: 'm',
      value: 'SPAN',
      default: 'all, or latest with a schedule',
      text: 'What is kept besides: all, latest, or everything younger than 2d',
    },
    'destination-keep': { short: 'K', value: 'SCHEDULE', text: 'What is kept at each DESTINATION' },
    'destination-minimum': { short: 'M', value: 'SPAN', default: 'all, or latest with a schedule', text: 'What is kept there besides' },
    'dry-run': { short: 'n', text: 'Show what would be deleted; delete nothing' },
    yes: { short: 'y', text: 'Do not ask' },
    verbose: { short: 'v', text: 'Also show what is kept, and why' },
    dumps: { text: 'Look for dumps, although a directory is on btrfs' },
    sudo: { short: 's', text: 'Run btrfs by sudo' },
  },
  completes: 'place',
  run: call =>
    withPlaces(call, async places => {
      const { operands, options, usageError, now } = call
      if (operands.length === 0) throw usageError('which place?', 'Usage: syncline snapshot prune SOURCE [DESTINATION...]')
      const policies = [policyOf(call, ''), policyOf(call, 'destination-')] as const
      const settings = { sudo: options.has('sudo'), dumps: options.has('dumps') }
      // What cannot be read ends it here: then nothing is deleted anywhere.
      const contents: Content[] = []
      for (const text of operands) contents.push(await readContent(text, call, places, settings))
      const sides = contents.map((content, index) => ({ name: nameOf(content), policy: policies[index === 0 ? 0 : 1], items: itemsOf(content) }))
      const [source, ...destinations] = sides as [(typeof sides)[number], ...typeof sides]
      const plan = planRetention({ source, destinations, now: now() })
      const count = plan.sides.reduce((sum, side) => sum + side.delete.length, 0)
      const isDryRun = options.has('dry-run')
      show(call, plan, isDryRun ? 'delete' : undefined)
      if (isDryRun) {
        call.json({ type: 'plan_complete', exitCode: 0, deletes: count, kept: keptIn(plan) })
        return 0
      }
      if (count > 0 && !options.has('yes')) {
        const answer = await mayDelete(call, count)
        if (answer !== 'yes') return answer === 'no' ? 0 : 5
      }
      return carryOut(call, plan, contents)
    }),
}

function policyOf({ options, usageError }: FamilyCall, prefix: '' | 'destination-'): RetentionPolicy {
  const schedule = options.text(`${prefix}keep`)
  const minimum = options.text(`${prefix}minimum`) ?? (schedule === undefined ? 'all' : 'latest')
  try {
    return parsePolicy(minimum, schedule)
  } catch (error) {
    throw usageError(messageOf(error))
  }
}

function nameOf(content: Content): string {
  if (content.kind === 'dumps') return content.storage.name
  return content.path === '' ? content.root.name : `${content.root.name}/${textOf(content.path)}`
}

/** Snapshots of one name in two directories are two series: they may be of two machines. */
function itemsOf(content: Content): readonly RetentionItem[] {
  return content.kind === 'dumps' ? dumpItems(content.index.dumps, { byDirectory: true }) : snapshotItems(content.volumes, { byDirectory: true })
}

function keptIn({ sides }: RetentionPlan): number {
  return sides.reduce((sum, { keep }) => sum + keep.length, 0)
}

function show({ options, format, symbols, print, json }: FamilyCall, { sides }: RetentionPlan, type: 'delete' | undefined): void {
  for (const side of sides) {
    print(side.name, 'strong')
    const rows = [
      ...(options.has('verbose') ? side.keep.map(({ item, reasons }) => ['keep', textOf(item.id), reasons.join('; ')]) : []),
      ...side.delete.map(({ item, reasons }) => ['delete', textOf(item.id), reasons.join('; ')]),
    ]
    for (const line of format.table(rows)) print(`   ${line}`)
    print(`   ${format.count(side.keep.length)} kept ${symbols.between} ${format.count(side.delete.length)} to delete`)
    if (type !== undefined) for (const { item } of side.delete) json({ type, place: side.name, path: textOf(item.id), uuid: item.uuid })
  }
}

async function mayDelete({ confirm, wantsJson, warn, json, format }: FamilyCall, count: number): Promise<'yes' | 'no' | 'refused'> {
  if (confirm !== undefined && !wantsJson) return (await confirm(`Delete ${format.plural(count, 'snapshot')}?`, false)) ? 'yes' : 'no'
  const message = `${format.plural(count, 'snapshot')} would be deleted, and nobody can be asked`
  warn(`refused: ${message}\n  If that is right, add --yes`)
  json({ type: 'blocked', guard: 'confirmation', actual: count, override: '--yes', message })
  return 'refused'
}

async function carryOut(call: FamilyCall, plan: RetentionPlan, contents: readonly Content[]): Promise<number> {
  const { format, symbols, print, warn, json, signal } = call
  let [deleted, failed] = [0, 0]
  for (const [index, side] of plan.sides.entries()) {
    const content = contents[index]
    if (content === undefined) continue
    for (const { item } of side.delete) {
      signal.throwIfAborted()
      call.progress(`deleting ${textOf(item.id)}`)
      const about = { place: side.name, path: textOf(item.id), uuid: item.uuid }
      try {
        await removeItem(content, item, side, signal)
        deleted++
        json({ type: 'deleted', ...about })
      } catch (error) {
        signal.throwIfAborted()
        failed++
        warn(messageOf(error))
        json({ type: 'failed', ...about, ...errorObject(error) })
        // What it starts from must stay with it.
        if (content.kind === 'dumps') break
      }
    }
  }
  const exitCode = failed > 0 ? 3 : 0
  json({ type: 'prune_complete', exitCode, deleted, kept: keptIn(plan), failed })
  print(
    `${failed > 0 ? symbols.failed : symbols.done} ${format.count(deleted)} deleted, ${format.count(keptIn(plan))} kept${failed > 0 ? `, ${format.count(failed)} failed` : ''}`,
  )
  return exitCode
}

async function removeItem(content: Content, item: RetentionItem, side: RetentionSidePlan, signal: AbortSignal): Promise<void> {
  if (content.kind === 'dumps') {
    const dump = content.index.dumps.find(({ path }) => path === item.id)
    if (dump === undefined || !isWritable(content.storage)) throw new TypeError(`nothing can be deleted in ${side.name}`)
    return removeDump(content.storage, dump, { signal })
  }
  const volume = content.volumes.find(({ path, uuid }) => path === item.id && uuid === item.uuid)
  if (volume === undefined || content.root.remove === undefined) throw new TypeError(`nothing can be deleted in ${side.name}`)
  return content.root.remove(volume, { signal })
}
