import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { escapeControls } from '@syncline/cli'
import type { Question } from '@syncline/core'

/** The streams of a terminal. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** What Ctrl-C does besides ending the question. */
  interrupt(): void
}

/**
 * Asks one line at a terminal. What is typed as a secret appears neither on the screen nor in a history.
 *
 * @returns `undefined` after Ctrl-C, Ctrl-D on an empty line, or the end of input
 */
export function ask({ text, secret }: Question, { input, output, interrupt }: Terminal): Promise<string | undefined> {
  // A server may have sent the text: it must not be able to move the cursor or pose as somebody else.
  const question = `${escapeControls(text)}: `
  const screen = secret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output
  if (secret) output.write(question)
  const lines = createInterface({ input, output: screen, terminal: true, historySize: 0, prompt: secret ? '' : question })
  return new Promise(resolve => {
    let answer: string | undefined
    lines.once('line', line => {
      answer = line
      lines.close()
    })
    lines.once('SIGINT', () => {
      lines.close()
      interrupt()
    })
    lines.once('close', () => {
      if (secret || answer === undefined) output.write('\n')
      resolve(answer)
    })
    lines.prompt()
  })
}

/** What Ctrl-C does at other times. While single keys are read the terminal sends no signal. */
export function interruptProcess(): void {
  // Listeners are given the name of the signal, also by us.
  if (!process.emit('SIGINT', 'SIGINT')) process.kill(process.pid, 'SIGINT')
}
