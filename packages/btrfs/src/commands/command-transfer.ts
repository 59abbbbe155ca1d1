import { isStorageError, messageOf, type FamilyCall } from '@syncline/core'
import type { ReplicationPlan } from '../replicate/plan.ts'
import { ProgressTransfer, type ProgressTransferOptions } from '../replicate/progress-transfer.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { nameOfVolume, shownPath, volumeObject } from './send-preview.ts'

/** What came of the transfers of one call. */
export interface SendTotals {
  sent: number
  bytes: number
  failed: number
}

/** How a command transfers. */
export interface CommandTransferOptions extends ProgressTransferOptions {
  readonly call: FamilyCall
  readonly totals: SendTotals
  /** Show progress in lines, where there is no terminal. */
  readonly progressLines: boolean
  /** What dumps are written to, as a person knows it; absent where subvolumes are received. */
  readonly dumpsTo?: string | undefined
  /** Where lines of the result go. */
  readonly say: (line: string) => void
}

/** Transfers, and tells people and programs. */
export class CommandTransfer extends ProgressTransfer {
  readonly #options: CommandTransferOptions
  /** Bytes of what is on its way. */
  readonly #running = new Map<readonly Subvolume[], number>()

  constructor(options: CommandTransferOptions) {
    const { call } = options
    super({ ...options, onError: (error, ...about) => this.#fail(error, about), onNote: note => call.note(note) })
    this.#options = options
  }

  /** Where a volume goes, in words. */
  into(volume: Subvolume): string {
    return this.#options.dumpsTo ?? shownPath(this.targetOf(volume))
  }

  override reportProgress(total: number, previous: number, _seq: string, volumes: readonly Subvolume[]): Promise<void> {
    const { call, period = 1, progressLines } = this.#options
    this.#running.set(volumes, total)
    const all = [...this.#running.values()].reduce((sum, bytes) => sum + bytes, 0)
    const others = this.#running.size > 1 ? ` and ${this.#running.size - 1} more` : ''
    const line = `sending ${volumes.map(nameOfVolume).join(', ')}${others}  ${call.format.bytes(all)}  ${call.format.bytes((total - previous) / period)}/s`
    if (call.columns !== undefined) call.progress(line)
    else if (progressLines && !call.wantsJson) call.note(line)
    return Promise.resolve()
  }

  override reportDone(volumes: readonly Subvolume[], parent: Subvolume | undefined): Promise<void> {
    const { call, totals, say } = this.#options
    const bytes = this.#running.get(volumes) ?? 0
    this.#running.delete(volumes)
    call.progress()
    totals.sent += volumes.length
    totals.bytes += bytes
    for (const volume of volumes) {
      const how = parent === undefined ? 'full' : `incremental from ${nameOfVolume(parent)}`
      say(`${call.symbols.done} ${nameOfVolume(volume)}  ${how}  ${call.symbols.becomes} ${this.into(volume)}`)
    }
    call.json({ type: 'sent', volumes: volumes.map(volumeObject), parent: parent === undefined ? null : volumeObject(parent), bytes })
    return Promise.resolve()
  }

  #fail(error: unknown, [volumes]: readonly unknown[]): void {
    const { call, totals } = this.#options
    const failed = Array.isArray(volumes) ? (volumes as readonly Subvolume[]) : []
    this.#running.delete(failed)
    totals.failed += Math.max(1, failed.length)
    call.warn(messageOf(error))
    const code = isStorageError(error) ? error.code : 'UNKNOWN'
    call.json({ type: 'failed', volumes: failed.map(volumeObject), code, message: messageOf(error) })
  }
}

/** The last object, or the last line, of a call that sends. */
export function concludeSend(
  call: FamilyCall,
  plans: readonly ReplicationPlan[],
  { sent, bytes, failed }: SendTotals,
  { startMs, say }: { readonly startMs: number; readonly say: (line: string) => void },
): number {
  const exitCode = failed > 0 ? 3 : 0
  const present = plans.reduce((sum, plan) => sum + plan.present, 0)
  const durationMs = call.now() - startMs
  call.json({ type: 'send_complete', exitCode, sent, present, failed, bytes, durationMs })
  const { format, symbols } = call
  const parts = [
    sent === 0 ? 'nothing was sent' : `sent ${format.plural(sent, 'subvolume')}, ${format.bytes(bytes)} in ${format.duration(durationMs)}`,
    ...(present === 0 ? [] : [`${format.count(present)} there already`]),
    ...(failed === 0 ? [] : [`${format.count(failed)} failed`]),
  ]
  say(`${failed > 0 ? symbols.failed : symbols.done} ${parts.join(', ')}`)
  return exitCode
}
