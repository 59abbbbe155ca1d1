import { decorate, messageOf, prefix, type Path, type WritableStorage } from '@syncline/core'
import type { ConformanceSuite } from '../environment.ts'
import type { Finding, TestFinding } from './findings.ts'
import { numbered, removeTree, until } from './scratch.ts'

interface Test {
  readonly name: string
  run(context: unknown): Promise<void>
}

/** Why a test was not run. */
class Skipped extends Error {}

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
  const guarded = until(stop, storage)
  const next = numbered(scratch)
  suite(
    { describe: (_, define) => define(), test: (name, run) => tests.push({ name, run }) },
    async () => {
      const directory = next()
      await guarded.makeDirectory?.(directory)
      return {
        storage: decorate(prefix(guarded, directory), { close: undefined }),
        // What cannot be removed now is looked for again at the end.
        dispose: async () => void (await removeTree(storage, directory)),
      }
    },
    // More than a page of most services; a server far away needs patience.
    { largeListing: 1_200, patienceMs: 60_000 },
  )
  for (const [index, test] of tests.entries()) {
    const { promises, sentence } = parseName(test.name)
    yield { type: 'testing', index, total: tests.length, sentence: test.name }
    const result = await runTest(test)
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

/** `P12 P13 lists …` */
function parseName(name: string): { readonly promises: readonly string[]; readonly sentence: string } {
  const words = name.split(' ')
  const first = words.findIndex(word => !/^P\d+$/.test(word))
  return { promises: words.slice(0, first), sentence: words.slice(first).join(' ') }
}
