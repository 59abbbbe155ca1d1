import type { CliEnvironment, OutputStream } from '@syncline/cli'
import { UsageError } from '@syncline/cli'

/** The real world, for the command line. What reaches files is loaded when a command asks for it. */
export function nodeEnvironment(version: string): CliEnvironment {
  const { env: variables, stdin, stdout, stderr } = process
  const host = (): Promise<typeof import('./host.ts')> => import('./host.ts')
  return {
    version,
    variables,
    stdout: toOutput(stdout),
    stderr: toOutput(stderr),
    ...(stdin.isTTY && stderr.isTTY && { confirm: async (question, byDefault) => (await host()).confirm(question, byDefault) }),
    owner: async () => (await host()).processOwner(),
    now: Date.now,
    open: (location, options) => asUsage(async () => (await host()).open(location, options)),
    locate: location => asUsage(async () => (await host()).locate(location)),
    stateStorage: state => asUsage(async () => (await host()).openState(state)),
    locateState: state => asUsage(async () => (await host()).locateState(state)),
    knownPairs: async () => (await host()).knownPairs(),
    readFile: async file => (await host()).readText(file),
    writeFile: (file, lines) => asUsage(async () => (await host()).writeLines(file, lines)),
    onInterrupt,
    exit: code => process.exit(code),
  }
}

function toOutput(stream: NodeJS.WriteStream): OutputStream {
  return {
    write: text => void stream.write(text),
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
