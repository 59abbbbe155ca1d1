import { type AbortOptions, isWritable, joinPath, type Path, probeClock, type ReadableStorage, toBytes, type WritableStorage } from '@syncline/core'
import type { ConformanceSuite } from '../environment.ts'
import { describeFailure } from '../report/describe-failure.ts'
import type { Finding } from './findings.ts'
import { lookOver } from './look-over.ts'
import { removeTree, scratchName } from './scratch.ts'
import { measureReading, measureSpeed } from './speed.ts'
import { runSuite } from './suite.ts'

/** How a storage is examined. */
export interface ExamineOptions {
  /** Ends the examination; what it made is removed all the same. */
  readonly signal: AbortSignal
  /** The tests of the protocol; absent: they are not run. */
  readonly suite?: ConformanceSuite | undefined
  /** Told before something is made that has to be removed. */
  readonly onScratch?: (path: Path) => void
}

const optionalReads = ['hash', 'snapshot', 'watch'] as const
const optionalWrites = [
  'makeDirectory',
  'makeSymlink',
  'setModified',
  'setMode',
  'copy',
  'move',
  'upload',
  'transferFrom',
  'refuses',
  'flush',
  'freeSpace',
] as const

/**
 * Looks a storage over: what it promises, its clock, its speed, what it learned of its server, and whether it keeps what it promises.
 *
 * Whatever is written is in a directory of its own, which is removed at the end, also after an abort or when the consumer leaves the loop.
 *
 * @throws StorageError if the root cannot be listed: then nothing was written
 */
export async function* examine(storage: ReadableStorage, { signal, suite, onScratch }: ExamineOptions): AsyncGenerator<Finding, void, undefined> {
  // Opening alone reaches no server.
  for await (const _ of storage.list('', { recursive: false, signal })) break
  if (!isWritable(storage)) {
    yield await describeStorage(storage, { signal })
    yield* examineReading(storage, signal)
    return
  }
  const scratch = scratchName()
  onScratch?.(scratch)
  let left: Awaited<ReturnType<typeof removeTree>> = []
  try {
    const refusal = await tryWriting(storage, scratch, signal)
    // Some find out what their server can do when they write for the first time.
    yield await describeStorage(storage, { signal })
    if (refusal === undefined) yield* examineWriting(storage, scratch, signal, suite)
    else {
      yield refusal
      yield* examineReading(storage, signal)
    }
  } finally {
    left = await removeTree(storage, scratch)
  }
  for (const each of left) yield { type: 'left', ...each }
}

/** @returns why nothing can be written here, if so: an account may only read, whatever the storage can do */
function tryWriting(storage: WritableStorage, scratch: Path, signal: AbortSignal): Promise<Finding | undefined> {
  return attempt('writing', signal, async () => {
    await storage.write(joinPath(scratch, 'first'), toBytes(''), { size: 0, ifNoneMatch: '*', signal })
    return undefined
  })
}

async function* examineWriting(
  storage: WritableStorage,
  scratch: Path,
  signal: AbortSignal,
  suite: ConformanceSuite | undefined,
): AsyncGenerator<Finding, void, undefined> {
  yield await attempt('clock', signal, async () => ({ type: 'clock', ...(await probeClock(storage, { directory: scratch, signal })) }))
  yield await attempt('speed', signal, () => measureSpeed(storage, scratch, { signal }))
  yield* learnedBy(storage)
  if (suite !== undefined) yield* runSuite(suite, storage, scratch, signal)
}

async function* examineReading(storage: ReadableStorage, signal: AbortSignal): AsyncGenerator<Finding, void, undefined> {
  const { tests, file } = await lookOver(storage, signal)
  yield await attempt('speed', signal, () => measureReading(storage, file, { signal }))
  yield* learnedBy(storage)
  yield* tests
}

function* learnedBy({ learned }: ReadableStorage): Generator<Finding, void, undefined> {
  const facts = learned?.facts()
  if (facts !== undefined) yield { type: 'learned', facts }
}

/** One part; that it fails is a finding of its own, and the next part follows. */
async function attempt<T>(part: string, signal: AbortSignal, work: () => Promise<T>): Promise<T | Finding> {
  try {
    return await work()
  } catch (error) {
    signal.throwIfAborted()
    const { code, message, exitCode } = describeFailure(error)
    return { type: 'failure', part, code, message, exitCode }
  }
}

async function describeStorage(storage: ReadableStorage, options: AbortOptions): Promise<Finding> {
  const members = storage as unknown as Readonly<Record<string, unknown>>
  const names = isWritable(storage) ? [...optionalReads, ...optionalWrites] : optionalReads
  const freeSpace = isWritable(storage) ? await storage.freeSpace?.(options).catch(() => undefined) : undefined
  return {
    type: 'storage',
    name: storage.name,
    writable: isWritable(storage),
    capabilities: { ...storage.capabilities },
    offers: names.filter(name => typeof members[name] === 'function'),
    lacks: names.filter(name => typeof members[name] !== 'function'),
    ...(freeSpace !== undefined && { freeSpace }),
  }
}
