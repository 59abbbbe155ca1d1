import { parentPort, receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import type { Path } from '@syncline/core'
import { copyContext } from './copy-file.ts'
import { hashFile } from './hash-file.ts'
import { scanControl, type Answer, type Job, type ScanAnswer, type ScanMessage } from './jobs.ts'
import { Scan, type Descend } from './scan.ts'
import { transferItems } from './transfer-items.ts'
import { Tree } from './tree.ts'
import { ColumnSink, packError, packOutcomes, unpackItems, type PackedOutcomes } from './wire.ts'

// The entry of a worker thread. Does jobs as they come; see jobs.ts for what they are.

const pageEntries = 1024
/** Pages that may wait for the consumer. */
const pagesAhead = 8
/** A consumer that was killed never wakes us. */
const longestWaitMs = 1000

const { consumed, cancelled, answers } = scanControl

parentPort?.on('message', (job: Job & { readonly id: number }) => {
  void run(job).then(
    result => answer({ id: job.id, type: 'done', result }),
    (error: unknown) => answer({ id: job.id, type: 'failed', error: packError(error) }),
  )
})

async function run(job: Job & { readonly id: number }): Promise<PackedOutcomes | string | undefined> {
  switch (job.kind) {
    case 'scan':
      scan(job)
      return undefined
    case 'hash':
      return hashFile(new Tree(job.tree.root, job.tree.symlinks), job.path, job.name, () => Atomics.load(job.aborted, 0) !== 0)
    case 'transfer': {
      const [source, target] = [job.source, job.target].map(({ root, symlinks }) => new Tree(root, symlinks)) as [Tree, Tree]
      const context = copyContext(source, target, { hash: job.hash, fsync: job.fsync, isAborted: () => Atomics.load(job.aborted, 0) !== 0 })
      const report = (index: number, bytes: number): void => answer({ id: job.id, type: 'progress', index, bytes })
      return packOutcomes(await transferItems(context, unpackItems(job.items), job.reports ? report : undefined))
    }
  }
}

function answer(message: Answer): void {
  parentPort?.postMessage(message)
}

/** Scans without ever returning to the event loop: what it has to hear it looks for itself. */
function scan({ tree, state, asks, port, control }: Job & { kind: 'scan' }): void {
  const send = (message: ScanMessage): void => port.postMessage(message)
  const isCancelled = (): boolean => Atomics.load(control, cancelled) !== 0
  try {
    const scan = Scan.resume(new Tree(tree.root, tree.symlinks), state, asks ? askingDescend(port, control) : undefined)
    let sent = 0
    for (let more = true; more && !isCancelled();) {
      const sink = new ColumnSink(pageEntries)
      more = scan.fill(sink, pageEntries)
      const page = sink.pack()
      port.postMessage({ type: 'page', page } satisfies ScanMessage, [page.numbers.buffer as ArrayBuffer])
      sent++
      waitFor(control, consumed, seen => sent - seen < pagesAhead || isCancelled())
    }
    send({ type: 'end', temporaries: scan.temporaries })
  } catch (error) {
    send({ type: 'failed', error: packError(error) })
  }
}

/** Asks the other thread which directories are wanted, as soon as their names are known, so that the answer is there when it is needed. */
function askingDescend(port: MessagePort, control: Int32Array): Descend {
  const asked: (readonly Path[])[] = []
  const known = new Map<Path, boolean>()
  const announced = new Set<Path>()
  const announce = (directories: readonly Path[]): void => {
    asked.push(directories)
    for (const directory of directories) announced.add(directory)
    port.postMessage({ type: 'ask', directories: directories.join('\0') } satisfies ScanMessage)
  }
  const takeAnswers = (): void => {
    for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
      const unwanted = new Set(received.message as ScanAnswer)
      asked.shift()?.forEach((directory, index) => known.set(directory, !unwanted.has(index)))
    }
  }
  return {
    asksAhead: true,
    announce,
    isWanted(directory) {
      if (!announced.delete(directory)) {
        announce([directory])
        announced.delete(directory)
      }
      waitFor(control, answers, () => {
        if (!known.has(directory)) takeAnswers()
        return known.has(directory) || Atomics.load(control, cancelled) !== 0
      })
      const isWanted = known.get(directory) ?? false
      known.delete(directory)
      return isWanted
    },
  }
}

/** Sleeps until a word of the shared memory has a value that `isEnough`. */
function waitFor(control: Int32Array, word: number, isEnough: (value: number) => boolean): void {
  for (let seen = Atomics.load(control, word); !isEnough(seen); seen = Atomics.load(control, word)) Atomics.wait(control, word, seen, longestWaitMs)
}
