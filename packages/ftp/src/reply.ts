/** What a server answered to one command. */
export interface Reply {
  readonly code: number
  /** All lines without the code of the first, joined by "\n". */
  readonly text: string
}

/** Whether the command did what it says. */
export function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300
}

/** A negative reply, thrown where a positive one was needed. The command is kept without its argument, so no password can be in it. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
  readonly code: number
  readonly text: string
  readonly command: string

  constructor(command: string, { code, text }: Reply) {
    const verb = command.split(' ', 1)[0] as string
    super(`${verb} was answered with ${code} ${oneLine(text)}`)
    this.code = code
    this.text = text
    this.command = verb
  }
}

/** The connection to the server ended or fell silent. */
export class LostConnection extends Error {
  override readonly name = 'LostConnection'
  /** The server did not answer in time. */
  readonly timedOut: boolean

  constructor(message: string, options: { readonly timedOut?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.timedOut = options.timedOut ?? false
  }
}

/** Rejects unless the reply is positive. */
export function expectPositive(command: string, reply: Reply): Reply {
  if (!isPositive(reply)) throw new ReplyError(command, reply)
  return reply
}

/** Text of a server in one line, without control characters, and not endless. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- that is what is removed
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}
