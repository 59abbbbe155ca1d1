import { decorate, messageOf, prefix, type Path, type Upload, type WritableStorage } from '@syncline/core'
import type { ConformanceSuite } from '../environment.ts'
import type { Finding, TestFinding } from './findings.ts'
import { numbered, removeTree, until } from './scratch.ts'

interface Test {
  readonly name: string
  run(context: unknown): Promise<void>
}

/** Why a test was not run. */
class Skipped extends Error {}

/** Milliseconds: a test that takes longer hangs. The longest writes 1,200 files, which takes minutes on a server that is far away. */
const longestTestMs = 300_000
/** Milliseconds that a test has to end after the examination was stopped. */
const graceMs = 2_000

/**
 * Runs the tests of the protocol, each in an empty directory of its own below `scratch`, one after the other.
 *
 * @param stop - ends it: the running test fails soon, and is not told of
 */
export async function* runSuite(
  suite: ConformanceSuite,
  storage: WritableStorage,
  scratch: Path,
  stop: AbortSignal,
): AsyncGenerator<Finding, void, undefined> {
  const tests: Test[] = []
  // Of the test that runs: one that was given up must not go on beside the next.
  let given: AbortSignal = stop
  const next = numbered(scratch)
  suite(
    { describe: (_, define) => define(), test: (name, run) => tests.push({ name, run }) },
    async () => {
      const directory = next()
      const uploads: Upload[] = []
      const guarded = until(given, storage, uploads)
      await guarded.makeDirectory?.(directory)
      return {
        storage: decorate(prefix(guarded, directory), { close: undefined }),
        // What cannot be removed now is looked for again at the end.
        dispose: async () => {
          // Those that are complete, or that the test has given up, do not mind.
          for (const upload of uploads) await upload.abort().catch(() => undefined)
          await removeTree(storage, directory)
        },
      }
    },
    // More than a page of most services; a server far away needs patience.
    { largeListing: 1_200, patienceMs: 60_000 },
  )
  const stopped = new Promise<void>(resolve => {
    stop.addEventListener('abort', () => setTimeout(resolve, graceMs), { once: true })
  })
  for (const [index, test] of tests.entries()) {
    const { promises, sentence } = parseName(test.name)
    yield { type: 'testing', index, total: tests.length, sentence: test.name }
    const end = new AbortController()
    given = AbortSignal.any([stop, end.signal])
    const result = await Promise.race([runTest(test), timeUp(stopped)])
    end.abort(new Error('this test was given up'))
    if (stop.aborted) return
    yield { type: 'test', promises, sentence, ...result }
  }
}

async function runTest({ run }: Test): Promise<Pick<TestFinding, 'outcome' | 'message'>> {
  try {
    await run({
      skip: (reason: string) => {
        throw new Skipped(reason)
      },
    })
    return { outcome: 'passed' }
  } catch (error) {
    return { outcome: error instanceof Skipped ? 'skipped' : 'failed', message: messageOf(error) }
  }
}

/** Resolves if a test takes too long. */
async function timeUp(stopped: Promise<void>): Promise<Pick<TestFinding, 'outcome' | 'message'>> {
  const limit = new Promise<void>(resolve => {
    // Nothing waits for it.
    setTimeout(resolve, longestTestMs).unref()
  })
  await Promise.race([stopped, limit])
  return { outcome: 'failed', message: `did not end within ${longestTestMs / 1000} s` }
}

/** `P12 P13 lists …` */
function parseName(name: string): { readonly promises: readonly string[]; readonly sentence: string } {
  const words = name.split(' ')
  const first = words.findIndex(word => !/^P\d+$/.test(word))
  return { promises: words.slice(0, first), sentence: words.slice(first).join(' ') }
}
