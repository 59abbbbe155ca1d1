import type { CliEnvironment, OutputStream } from '@syncline/cli'
import { UsageError } from '@syncline/cli'
import type { Question } from '@syncline/core'
import { familyTable } from './families.ts'
import type * as Host from './host.ts'

/** The real world, for the command line. What reaches files is loaded when a command asks for it. */
export function nodeEnvironment(version: string): CliEnvironment {
  const { env: variables, stdin, stdout, stderr } = process
  const isAttended = stdin.isTTY && stderr.isTTY
  const prompt = isAttended ? async (question: Question): Promise<string | undefined> => (await loadHost()).prompt(question) : undefined
  return {
    version,
    variables,
    stdout: toOutput(stdout),
    stderr: toOutput(stderr),
    ...(isAttended && {
      confirm: async (question: string, byDefault: boolean) => (await loadHost()).confirm(question, byDefault),
      choose: async (question: string, answers: readonly string[], byDefault: string) => (await loadHost()).choose(question, answers, byDefault),
    }),
    families: familyTable,
    loadFamily: name => asUsage(async () => (await loadHost()).loadFamily(name)),
    owner: async () => (await loadHost()).processOwner(),
    now: Date.now,
    open: (location, options) => asUsage(async () => (await loadHost()).open(location, { ...options, prompt })),
    locate: location => asUsage(async () => (await loadHost()).locate(location)),
    stateStorage: state => asUsage(async () => (await loadHost()).openState(state, { prompt })),
    locateState: state => asUsage(async () => (await loadHost()).locateState(state)),
    knownPairs: async () => (await loadHost()).knownPairs(),
    conformance: async () => (await import('@syncline/conformance')).conformance,
    readFile: async file => (await loadHost()).readText(file),
    writeFile: (file, lines) => asUsage(async () => (await loadHost()).writeLines(file, lines)),
    onInterrupt,
    exit: code => process.exit(code),
  }
}

function loadHost(): Promise<typeof Host> {
  return import('./host.ts')
}

function toOutput(stream: NodeJS.WriteStream): OutputStream {
  return {
    write: text => void stream.write(text),
    writeBytes: content =>
      new Promise((resolve, reject) => {
        stream.write(content, error => (error ? reject(error) : resolve()))
      }),
    get isTTY() {
      return stream.isTTY
    },
    get columns() {
      return stream.isTTY ? stream.columns : undefined
    },
    get rows() {
      return stream.isTTY ? stream.rows : undefined
    },
  }
}

/** What a person wrote cannot be opened: that is a mistake of the command line. */
async function asUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, undefined, { cause: error })
    throw error
  }
}

function onInterrupt(callback: (signal: 'SIGINT' | 'SIGTERM') => void): () => void {
  process.on('SIGINT', callback)
  process.on('SIGTERM', callback)
  return () => {
    process.off('SIGINT', callback)
    process.off('SIGTERM', callback)
  }
}
