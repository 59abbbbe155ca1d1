import { Readable } from 'node:stream'
import { StorageError, type AbortOptions, type Bytes } from '@syncline/core'
import { BtrfsError, failureOf, type CommandFailure } from '../roots/btrfs-error.ts'
import { startProcess } from '../roots/process.ts'

/** A program with its arguments. */
export type PipelineCommand = readonly [program: string, ...args: string[]]

/**
 * Reads a pipeline as a shell would: words in quotes or with backslashes, commands with `|` between them. It is run without a shell, so nothing else has a meaning.
 *
 * @throws TypeError for what is left open, and for a command that is missing: nothing may be left out without a word
 */
export function parsePipeline(text: string): readonly PipelineCommand[] {
  const commands: string[][] = [[]]
  let word: string | undefined
  let quote: '"' | "'" | undefined
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word)
    word = undefined
  }
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === '\\' && quote !== "'") {
      const next = text[++at]
      if (next === undefined) throw new TypeError(`the pipeline ${text} ends with a backslash`)
      // Inside of double quotes it stands for itself, unless it is needed there.
      word = (word ?? '') + (quote === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next)
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined
      else word = (word ?? '') + character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) endWord()
    else if (character === '|') {
      endWord()
      commands.push([])
    } else word = (word ?? '') + character
  }
  if (quote !== undefined) throw new TypeError(`the pipeline ${text} has a ${quote} that nothing closes`)
  endWord()
  return commands.map(([program, ...args]) => {
    if (program === undefined || program === '') throw new TypeError(`the pipeline ${JSON.stringify(text)} lacks a command beside a "|", or has none`)
    return [program, ...args]
  })
}

/**
 * What programs make of some bytes. Ends well only if all of them do.
 *
 * @throws BtrfsError naming every program that failed, with what it said
 */
export async function* throughPipeline(
  bytes: Bytes,
  commands: readonly PipelineCommand[],
  { signal }: AbortOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const running = commands.map(([program, ...args]) => ({
    line: [program, ...args].join(' '),
    process: startProcess(program, args, { input: true, signal }),
  }))
  let broken: { readonly error: unknown } | undefined
  const input = Readable.from(bytes, { objectMode: false })
  // What the input fails with is told instead of what the programs say about its end.
  input.on('error', (error: unknown) => {
    broken ??= { error }
    for (const { process } of running) process.kill()
  })
  let flow = input
  for (const { process } of running) {
    const before = flow
    // Whoever writes to a program that is gone must not wait for it.
    process.stdin.once('close', () => before.destroy())
    before.pipe(process.stdin)
    flow = process.stdout
  }
  try {
    yield* flow as Bytes
    const failures: CommandFailure[] = []
    for (const { line, process } of running) {
      const failure = failureOf(line, await process.ended)
      if (failure !== undefined) failures.push(failure)
    }
    signal?.throwIfAborted()
    if (broken !== undefined) throw broken.error
    if (failures.length > 0) throw new BtrfsError('the pipeline', failures)
    if (!input.readableEnded)
      throw new StorageError('CORRUPT', `${running[0]?.line} ended well without having read everything, so what it made of it is not whole`)
  } finally {
    input.destroy()
    for (const { process } of running) process.kill()
  }
}
