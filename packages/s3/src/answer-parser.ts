/** Headers of an answer, names in lower case. One that came more than once has its values joined by ", ". */
export type AnswerHeaders = Readonly<Record<string, string | undefined>>

/** Who is told what an answer brings, in order. */
export interface AnswerHandler {
  begin(status: number, headers: AnswerHeaders): void
  chunk(bytes: Buffer): void
  /** The answer is complete. */
  end(): void
}

type State = 'head' | 'fixed' | 'until-close' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'done'

/** Bytes. Node's own client takes a quarter of it. */
const longestHead = 64 * 1024
const longestLine = 4 * 1024
const nothing = Buffer.alloc(0)

/**
 * Reads one answer of HTTP/1.1 after the other from the bytes of a connection, however they are cut.
 *
 * Whatever two readers could take for different things is refused, as RFC 9112 allows or asks: then nobody knows where the next answer begins, and
 * the connection is of no more use.
 */
export class AnswerParser {
  #state: State = 'done'
  #handler: AnswerHandler | undefined
  #hasBody = true
  #keepsAlive = false
  /** Of the head or of a line that is not complete. */
  #pending: Buffer = nothing
  /** Bytes to come of the body, or of a chunk of it. */
  #left = 0

  /** Prepares for the answer to a request. */
  expect(method: string, handler: AnswerHandler): void {
    this.#handler = handler
    this.#hasBody = method !== 'HEAD'
    this.#state = 'head'
    this.#pending = nothing
  }

  /** Whether nothing of the answer has come. */
  get isUntouched(): boolean {
    return this.#state === 'head' && this.#pending.length === 0
  }

  /** Of an answer that is complete: whether the connection can be used again. */
  get keepsAlive(): boolean {
    return this.#keepsAlive
  }

  /** Takes what came. @throws Error `EPROTO` for what is no answer, or one that could be read in two ways */
  push(bytes: Buffer): void {
    let rest = bytes
    if (this.#pending.length > 0) {
      rest = Buffer.concat([this.#pending, bytes])
      this.#pending = nothing
    }
    while (rest.length > 0) {
      if (this.#state === 'done') {
        // Nobody asked for it.
        this.#keepsAlive = false
        return
      }
      const used = this.#take(rest)
      if (used === 0) {
        this.#pending = rest
        return
      }
      rest = used === rest.length ? nothing : rest.subarray(used)
    }
  }

  /** The connection was ended by the other side. Returns whether that is how the answer ends. */
  finish(): boolean {
    if (this.#state !== 'until-close') return false
    this.#end()
    return true
  }

  /** Returns how many bytes it took; `0`: it needs more. */
  #take(bytes: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes)
      case 'fixed':
      case 'chunk':
        return this.#body(bytes)
      case 'until-close':
        this.#handler?.chunk(bytes)
        return bytes.length
      case 'size':
        return this.#line(bytes, line => {
          const [, size] = chunkLine.exec(line) ?? []
          if (size === undefined) throw malformed('the size of a chunk', line)
          this.#left = parseInt(size, 16)
          this.#state = this.#left === 0 ? 'trailer' : 'chunk'
        })
      case 'chunk-end':
        return this.#line(bytes, line => {
          if (line !== '') throw malformed('the end of a chunk', line)
          this.#state = 'size'
        })
      case 'trailer':
        return this.#line(bytes, line => {
          if (line === '') this.#end()
          else if (!headerLine.test(line)) throw malformed('a trailer', line)
        })
      case 'done':
        return 0
    }
  }

  #head(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n', 0, 'latin1')
    if (end === -1 ? bytes.length > longestHead : end > longestHead) throw malformed(`a head of more than ${longestHead} bytes`, '')
    if (end === -1) return 0
    const lines = bytes.toString('latin1', 0, end).split('\r\n')
    const [, minor, digits] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\0\n\r]*)?$/.exec(lines[0] as string) ?? []
    if (digits === undefined) throw malformed('its first line', lines[0] as string)
    const status = Number(digits)
    const headers = readHeaders(lines)
    // 100 Continue and the like come before the answer itself.
    if (status < 200) {
      if (status === 101) throw malformed('a change of protocol', lines[0] as string)
      return end + 4
    }
    this.#frame(status, headers, minor === '1')
    this.#handler?.begin(status, headers)
    if (this.#state === 'done' || (this.#state === 'fixed' && this.#left === 0)) this.#end()
    return end + 4
  }

  /** Where the body ends, by RFC 9112, section 6.3. */
  #frame(status: number, headers: AnswerHeaders, isCurrent: boolean): void {
    const options = headers['connection']?.toLowerCase().split(/[ \t]*,[ \t]*/) ?? []
    this.#keepsAlive = isCurrent ? !options.includes('close') : options.includes('keep-alive')
    const length = headers['content-length']
    const coding = headers['transfer-encoding']
    if (length !== undefined && !/^\d{1,15}$/.test(length)) throw malformed('its length', length)
    if (!this.#hasBody || status === 204 || status === 304) {
      this.#state = 'done'
      return
    }
    if (coding !== undefined) {
      if (coding.toLowerCase() !== 'chunked' || length !== undefined || !isCurrent) throw malformed('its coding', coding)
      this.#state = 'size'
      return
    }
    this.#state = length === undefined ? 'until-close' : 'fixed'
    this.#left = Number(length ?? 0)
    if (length === undefined) this.#keepsAlive = false
  }

  #body(bytes: Buffer): number {
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes
    this.#left -= part.length
    this.#handler?.chunk(part)
    if (this.#left === 0) {
      if (this.#state === 'chunk') this.#state = 'chunk-end'
      else this.#end()
    }
    return part.length
  }

  #line(bytes: Buffer, read: (line: string) => void): number {
    const end = bytes.indexOf('\r\n', 0, 'latin1')
    if (end === -1 ? bytes.length > longestLine : end > longestLine) throw malformed(`a line of more than ${longestLine} bytes`, '')
    if (end === -1) return 0
    read(bytes.toString('latin1', 0, end))
    return end + 2
  }

  #end(): void {
    const handler = this.#handler
    this.#state = 'done'
    this.#handler = undefined
    handler?.end()
  }
}

/** A size, and extensions that mean nothing here. */
const chunkLine = /^([0-9a-fA-F]{1,12})(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[^"\\\0\n\r]*"))?)*$/
const headerLine = /^[\w!#$%&'*+.^`|~-]+:[^\0\n\r]*$/
/** Headers of which the first counts, as for Node's own client. */
const single: ReadonlySet<string> = new Set(['content-type', 'date', 'etag', 'last-modified', 'location', 'retry-after', 'server'])

function readHeaders(lines: readonly string[]): AnswerHeaders {
  const headers = Object.create(null) as Record<string, string | undefined>
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string
    // A line that begins with a space would go on with the one before, which no server may send any more.
    if (!headerLine.test(line)) throw malformed('a header', line)
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = trimmed(line, colon + 1)
    // Allowed around a value, and yet read by some as a part of it.
    if ((name === 'content-length' || name === 'transfer-encoding') && line.includes('\t')) throw malformed('a header', line)
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (name === 'content-length') {
      if (before !== value) throw malformed('two lengths', `${before} and ${value}`)
    } else if (!single.has(name)) headers[name] = `${before}, ${value}`
  }
  return headers
}

/** Without the spaces and tabs around it, and nothing else that Unicode takes for a space. */
function trimmed(line: string, from: number): string {
  let [start, end] = [from, line.length]
  while (start < end && isBlank(line.charCodeAt(start))) start++
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--
  return line.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function malformed(what: string, text: string): Error {
  const shown = text === '' ? '' : `, ${JSON.stringify(text.slice(0, 100))}`
  return Object.assign(new Error(`the answer is not HTTP as it should be: ${what}${shown}`), { code: 'EPROTO' })
}
