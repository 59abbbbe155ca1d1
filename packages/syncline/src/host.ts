import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { KnownPair, Place, StateReference } from '@syncline/cli'
import { processOwner } from '@syncline/fs'
import type { CommandFamily, OpenStorageOptions, Question, WritableStorage } from '@syncline/core'
import { nodeLoader } from './adapters.ts'
import { loadFamily as loadFamilyWith } from './families.ts'
import { parseLocation } from './location.ts'
import { open } from './open.ts'
import { listKnownPairs, openStateAt, openStateDirectory, stateHome } from './state-directory.ts'

export { open, processOwner }

/** Loads a family of commands, as the project of the working directory has it or as it is beside this program. */
export function loadFamily(name: string): Promise<CommandFamily | undefined> {
  return loadFamilyWith(name, nodeLoader(process.cwd()))
}

/** Resolves a path or a URL without opening it. @throws TypeError if it is neither */
export async function locate(location: string): Promise<Place> {
  const parsed = parseLocation(location, process.cwd())
  if (parsed.kind === 'url') return { location: parsed.url.href }
  return { location: parsed.path, realPath: await realPathOf(parsed.path) }
}

/** Where a state is. */
export function locateState(state: StateReference): Promise<Place> {
  return locate('pair' in state ? defaultState(state.pair) : state.location)
}

/** Opens a state, which need not exist yet. */
export async function openState(state: StateReference, options?: OpenStorageOptions): Promise<WritableStorage> {
  return 'pair' in state ? openStateDirectory(defaultState(state.pair)) : openStateAt(state.location, options)
}

/** Pairs that have a state in the default place. */
export function knownPairs(): Promise<readonly KnownPair[]> {
  return listKnownPairs(stateHome(process.env))
}

function defaultState(pair: string): string {
  return join(stateHome(process.env), pair)
}

/** A whole text file. */
export function readText(file: string): Promise<string> {
  return readFile(file, 'utf8')
}

/** Symbolic links resolved as far as the path exists. */
async function realPathOf(path: string): Promise<string> {
  const rest: string[] = []
  for (let existing = resolve(path); ; existing = dirname(existing)) {
    try {
      return join(await realpath(existing), ...rest)
    } catch (error) {
      if (existing === dirname(existing)) return path
      // A link that leads nowhere, or in circles, stays what it is.
      if ((error as NodeJS.ErrnoException).code === 'EACCES') return path
      rest.unshift(basename(existing))
    }
  }
}

/** Asks at the terminal; Ctrl-C and Ctrl-D mean no. */
export async function confirm(question: string, byDefault: boolean): Promise<boolean> {
  const answer = (await readAnswer(`${question} ${byDefault ? '[Y/n]' : '[y/N]'} `))?.toLowerCase()
  return answer === '' ? byDefault : answer === 'y' || answer === 'yes'
}

/**
 * Asks at the terminal for one of several words, until one of them or its first letter is given.
 *
 * @returns the default for an empty answer, Ctrl-C and Ctrl-D
 */
export async function choose(question: string, answers: readonly string[], byDefault: string): Promise<string> {
  const offer = answers.map(word => (word === byDefault ? word.toUpperCase() : word)).join('/')
  for (;;) {
    const answer = (await readAnswer(`${question} [${offer}] `))?.toLowerCase()
    if (answer === undefined || answer === '') return byDefault
    const meant = answers.find(word => word === answer) ?? answers.find(word => word.startsWith(answer))
    if (meant !== undefined) return meant
    process.stderr.write(`Answer with one of: ${answers.join(', ')}.\n`)
  }
}

/** @returns undefined after Ctrl-C, Ctrl-D or the end of input */
async function readAnswer(question: string): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answered = new AbortController()
  lines.once('SIGINT', () => answered.abort())
  lines.once('close', () => answered.abort())
  try {
    return (await lines.question(question, { signal: answered.signal })).trim()
  } catch {
    process.stderr.write('\n')
    return undefined
  } finally {
    lines.close()
  }
}

/** Asks at the terminal for what an adapter needs. */
export async function prompt(question: Question): Promise<string | undefined> {
  const { ask, interruptProcess } = await import('./ask.ts')
  return ask(question, { input: process.stdin, output: process.stderr, interrupt: interruptProcess })
}

/** Replaces a text file atomically; `-` is standard output. @throws TypeError if it cannot be written */
export async function writeLines(file: string, lines: Iterable<string>): Promise<void> {
  if (file === '-') {
    for (const line of lines) process.stdout.write(`${line}\n`)
    return
  }
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`)
  try {
    await writeFile(temporary, withNewlines(lines), { flag: 'wx' })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    const reason = error instanceof Error ? error.message.replace(temporary, file) : String(error)
    throw new TypeError(`cannot write ${file}: ${reason}`, { cause: error })
  }
}

function* withNewlines(lines: Iterable<string>): Generator<string, void, undefined> {
  for (const line of lines) yield `${line}\n`
}
