import { conformance } from '@syncline/conformance'
import { memory, toBytes, type CommandFamily, type MemoryStorage, type ReadableStorage } from '@syncline/core'
import type { CliEnvironment, OutputStream } from '../src/environment.ts'
import { run } from '../src/run.ts'

/** A world without disks: places and states are memory storages, what is written is kept as text. */
export interface MemoryWorld {
  readonly environment: CliEnvironment
  /** Storages by location; a location that is not here does not exist. */
  readonly places: Map<string, MemoryStorage>
  readonly states: Map<string, MemoryStorage>
  readonly files: Map<string, string>
  /** Questions that were asked. */
  readonly questions: string[]
  /** What the terminal sends. */
  interrupt(signal: 'SIGINT' | 'SIGTERM'): void
  /** Runs a command line; what it printed is in the result, not in later ones. */
  run(...argv: string[]): Promise<{ code: number; out: string; err: string; json: Record<string, unknown>[] }>
}

export interface MemoryWorldOptions {
  readonly terminal?: boolean
  /** What the person answers. */
  readonly answer?: boolean
  /** The words that the person chooses, in this order. */
  readonly choices?: readonly string[]
  /** Families of commands that are installed. */
  readonly families?: readonly CommandFamily[]
  readonly variables?: Readonly<Record<string, string>>
  /** Storages of other kinds, by location. */
  readonly storages?: Readonly<Record<string, ReadableStorage>>
}

/** Makes a world with the empty places `a` and `b`. */
export function memoryWorld({
  terminal = false,
  answer,
  choices,
  families = [],
  variables = { LANG: 'C.UTF-8' },
  storages = {},
}: MemoryWorldOptions = {}): MemoryWorld {
  let out = ''
  let err = ''
  const places = new Map(['a', 'b'].map(name => [name, memory({ name: `memory:${name}` })]))
  const states = new Map<string, MemoryStorage>()
  const files = new Map<string, string>()
  const questions: string[] = []
  const interruptions = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>()
  const stream = (write: (text: string) => void): OutputStream => ({
    write,
    writeBytes: content => {
      write(new TextDecoder().decode(content))
      return Promise.resolve()
    },
    isTTY: terminal,
    columns: terminal ? 100 : undefined,
    rows: terminal ? 30 : undefined,
  })
  const stateName = (state: { location: string } | { pair: string }): string => ('pair' in state ? `/state/${state.pair}` : state.location)
  const environment: CliEnvironment = {
    version: '1.2.3',
    variables,
    stdout: stream(text => (out += text)),
    stderr: stream(text => (err += text)),
    ...(answer !== undefined && {
      confirm: question => {
        questions.push(question)
        return Promise.resolve(answer)
      },
    }),
    ...(choices !== undefined && {
      choose: (question: string) => {
        questions.push(question)
        return Promise.resolve(choices[questions.length - 1] ?? '')
      },
    }),
    families,
    loadFamily: name => Promise.resolve(families.find(family => family.name === name)),
    owner: () => Promise.resolve({ id: 'test' }),
    now: Date.now,
    open: location => {
      const storage = storages[location] ?? places.get(location)
      return storage === undefined ? Promise.resolve(memory({ name: `memory:${location}` })) : Promise.resolve(storage)
    },
    locate: location => Promise.resolve({ location, realPath: location.startsWith('/') ? location : `/home/ana/${location}` }),
    stateStorage: state => {
      const name = stateName(state)
      const storage = states.get(name) ?? memory({ name })
      states.set(name, storage)
      return Promise.resolve(storage)
    },
    locateState: state => Promise.resolve({ location: stateName(state), realPath: stateName(state) }),
    knownPairs: () => Promise.resolve(states.size === 0 ? [] : [{ source: 'a', destination: 'b' }]),
    conformance: () => Promise.resolve(conformance),
    readFile: file => {
      const text = files.get(file)
      return text === undefined ? Promise.reject(new Error(`ENOENT: no such file or directory, open '${file}'`)) : Promise.resolve(text)
    },
    writeFile: (file, lines) => {
      files.set(file, [...lines].map(line => `${line}\n`).join(''))
      return Promise.resolve()
    },
    onInterrupt: callback => {
      interruptions.add(callback)
      return () => interruptions.delete(callback)
    },
    exit: code => {
      throw new Error(`the process was ended with ${code}`)
    },
  }
  return {
    environment,
    places,
    states,
    files,
    questions,
    interrupt: signal => {
      for (const callback of interruptions) callback(signal)
    },
    run: async (...argv) => {
      out = err = ''
      const code = await run(argv, environment)
      const json = argv.includes('--json')
        ? out
            .split('\n')
            .filter(line => line !== '')
            .map(line => JSON.parse(line) as Record<string, unknown>)
        : []
      return { code, out, err, json }
    },
  }
}

/** Writes a small file with a time: seconds after the start of 2026. */
export async function put(storage: MemoryStorage | undefined, path: string, text: string, seconds = 0): Promise<void> {
  await storage?.write(path, toBytes(text), { modified: Date.UTC(2026, 0, 1) + seconds * 1000 })
}
