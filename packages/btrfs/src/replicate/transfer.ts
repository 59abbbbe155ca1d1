import { isStorageError, messageOf, type AbortOptions, type Bytes } from '@syncline/core'
import { BtrfsError, type CommandFailure } from '../roots/btrfs-error.ts'
import type { BtrfsRoot, Recovery } from '../roots/root.ts'
import type { RawPath } from '../stream/command.ts'
import { textOf } from '../subvolume/raw-text.ts'
import { directoryOf, type Subvolume } from '../subvolume/subvolume.ts'

/** What to know beside volumes, parent and roots. */
export interface TransfOptions extends AbortOptions {
  /** Subvolumes that both sides have, and that extents may be shared with. */
  readonly clones?: readonly Subvolume[] | undefined
  /** Whether something else will be tried after this error: then it is not logged. */
  readonly triesAgain?: ((error: BtrfsError) => boolean) | undefined
}

/** What {@link BtrSync.sync} needs of a transfer. */
export interface TransferLike {
  transf(vols: readonly Subvolume[], par: Subvolume | undefined, src: BtrfsRoot, dst: BtrfsRoot, options?: TransfOptions): Promise<void>
  err(error: unknown, ...args: readonly unknown[]): void
  tryGather<T>(...tasks: readonly ((signal: AbortSignal) => Promise<T>)[]): Promise<readonly T[]>
  /** Something that people may want to know, and that is no error. */
  note?(text: string): void
  /** Where a volume goes, relative to the destination. */
  targetOf?(volume: Subvolume): RawPath
}

/** How to transfer. */
export interface TransferOptions {
  /** Where to receive, relative to the destination; default: there. */
  readonly recvpath?: RawPath | undefined
  /** Make the directories of the source below `recvpath`. */
  readonly replicateDirs?: boolean | undefined
  /** Make `recvpath` if it is not there. Default: as `replicateDirs`. */
  readonly createRecvpath?: boolean | undefined
  /** Where errors go; default: standard error. */
  readonly onError?: ((error: unknown, ...args: readonly unknown[]) => void) | undefined
  /** Where notes go; default: nowhere. */
  readonly onNote?: ((text: string) => void) | undefined
}

/** Thrown by a transfer that has failed, after it has logged why. The cause is that error. */
export class TransferAborted extends Error {
  override readonly name = 'TransferAborted'

  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
  }
}

/** A quiet transfer, as {@link BtrSync.sync} expects one. Override what should be told or done otherwise. */
export class Transfer implements TransferLike {
  readonly #recvpath: RawPath
  readonly #replicateDirs: boolean
  readonly #create: boolean
  readonly #onError: (error: unknown, ...args: readonly unknown[]) => void
  readonly #onNote: (text: string) => void

  constructor({ recvpath = '', replicateDirs = false, createRecvpath = replicateDirs, onError, onNote }: TransferOptions = {}) {
    this.#recvpath = recvpath === '.' ? '' : recvpath
    this.#replicateDirs = replicateDirs
    this.#create = createRecvpath
    this.#onError = onError ?? (error => void process.stderr.write(`${messageOf(error)}\n`))
    this.#onNote = onNote ?? (() => {})
  }

  /** Called with every error; logs it and returns. */
  err(error: unknown, ...args: readonly unknown[]): void {
    this.#onError(error, ...args)
  }

  /** Called with what people may want to know, and what is no error. */
  note(text: string): void {
    this.#onNote(text)
  }

  /** Called at the start of a transfer. */
  async report(_vols: readonly Subvolume[], _par: Subvolume | undefined, _src: BtrfsRoot, _dst: BtrfsRoot): Promise<void> {}

  /** Called at the end of a transfer that succeeded. */
  async reportDone(_vols: readonly Subvolume[], _par: Subvolume | undefined, _src: BtrfsRoot, _dst: BtrfsRoot): Promise<void> {}

  /** Waits for a promise. @throws TransferAborted if it rejects, after {@link err} was told why */
  async tryAwait<T>(promise: PromiseLike<T>): Promise<T> {
    try {
      return await promise
    } catch (error) {
      this.err(error)
      throw new TransferAborted(error)
    }
  }

  /**
   * Runs tasks beside each other. When one fails the others are aborted, and all are waited for; every error is given to {@link err}, but not those that
   * are the abort itself.
   *
   * @throws TransferAborted with the first error
   */
  async tryGather<T>(...tasks: readonly ((signal: AbortSignal) => Promise<T>)[]): Promise<readonly T[]> {
    const controller = new AbortController()
    const failure = new Error('another task has failed')
    const errors: unknown[] = []
    const results: T[] = []
    const running = tasks.map(async (task, at) => {
      try {
        results[at] = await task(controller.signal)
      } catch (error) {
        if (error !== failure) errors.push(error)
        controller.abort(failure)
      }
    })
    for (const end of running) await end
    for (const error of errors) this.err(error)
    if (errors.length > 0) throw new TransferAborted(errors[0])
    return results
  }

  /** Where a volume goes, relative to the destination. */
  targetOf(volume: Subvolume): RawPath {
    const directory = this.#replicateDirs ? directoryOf(volume.path ?? '') : ''
    return [this.#recvpath, directory].filter(Boolean).join('/')
  }

  /** The bytes on their way; whoever counts them puts itself in between. A chunk may be used again once the next one is asked for: what is kept is copied. */
  protected flow(bytes: Bytes, _vols: readonly Subvolume[]): Bytes {
    return bytes
  }

  /**
   * Transfers volumes that go to one directory.
   *
   * @param par - what the receiver has, and they are sent as changes against
   * @throws TransferAborted if anything fails, after {@link err} was told; the reason after an abort
   */
  async transf(vols: readonly Subvolume[], par: Subvolume | undefined, src: BtrfsRoot, dst: BtrfsRoot, options: TransfOptions = {}): Promise<void> {
    try {
      await this.report(vols, par, src, dst)
      await this.#carry(vols, par, src, dst, options)
      await this.reportDone(vols, par, src, dst)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof BtrfsError && options.triesAgain?.(error) === true)) this.err(error, vols, par, src, dst)
      throw new TransferAborted(error)
    }
  }

  async #carry(vols: readonly Subvolume[], par: Subvolume | undefined, src: BtrfsRoot, dst: BtrfsRoot, options: TransfOptions): Promise<void> {
    const [first] = vols
    if (first === undefined) return
    const { clones = [], signal } = options
    // The sender's own end: it is ended when the receiver is gone, even if it has nothing to say just then.
    const over = new AbortController()
    const flow = src.send(vols.map(pathOf), {
      ...(par === undefined ? {} : { parent: pathOf(par) }),
      clones: clones.map(pathOf),
      signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]),
    })
    const reading = { hasBegun: false }
    try {
      const lent = dst.borrows === true && flow.lent !== undefined
      const bytes = this.flow(noting((lent ? flow.lent : undefined) ?? flow.bytes, reading), vols)
      await dst.receive(bytes, this.targetOf(first), { volumes: vols, parent: par, clones }, { create: this.#create, lent, signal })
    } catch (error) {
      signal?.throwIfAborted()
      over.abort(new Error('the receiver has ended'))
      const sender = reading.hasBegun ? await flow.done.then(() => undefined, reasonOf) : undefined
      throw bothEnds(`sending ${vols.map(vol => textOf(pathOf(vol))).join(', ')} from ${src.name} to ${dst.name}`, error, sender)
    }
  }
}

/** The same bytes; notes that somebody reads. */
async function* noting(bytes: Bytes, reading: { hasBegun: boolean }): AsyncGenerator<Uint8Array, void, undefined> {
  reading.hasBegun = true
  yield* bytes
}

function reasonOf(reason: unknown): unknown {
  return reason
}

/** One error for what both ends said. */
function bothEnds(what: string, receiver: unknown, sender: unknown): unknown {
  const receiverSaid = failuresOf(receiver)
  const senderSaid = failuresOf(sender).filter(({ command }) => receiverSaid.every(known => known.command !== command))
  if (receiverSaid.length + senderSaid.length === 0 || isStorageError(receiver, 'ALREADY_EXISTS')) return receiver
  const cause = receiver instanceof BtrfsError ? receiver.cause : receiver
  return new BtrfsError(what, [...senderSaid, ...receiverSaid], cause, receiver instanceof BtrfsError ? receiver.found : undefined)
}

function failuresOf(error: unknown): readonly CommandFailure[] {
  return error instanceof BtrfsError ? error.failures : []
}

function pathOf({ path, uuid }: Subvolume): RawPath {
  if (path === undefined) throw new TypeError(`the volume ${uuid} cannot be reached`)
  return path
}

/** What was found of broken-off transfers, in words for people. */
export function describeRecovery({ removed, finished, left }: Recovery): readonly string[] {
  return [
    ...removed.map(path => `deleted ${textOf(path)}, which an earlier run had received in part only`),
    ...finished.map(path => `finished ${textOf(path)}, which an earlier run had received`),
    ...left,
  ]
}
