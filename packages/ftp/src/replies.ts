import { LostConnection, type Reply } from './reply.ts'

/** Characters that may wait for the end of a reply; the lists of FEAT and SITE HELP have some thousands. */
const longestReply = 64 * 1024

/**
 * Splits what arrives on a control connection into replies, wherever it was cut on the way.
 *
 * A negative reply is a value here like any other. basic-ftp makes an error of it, with a stack, and for every new file the server is asked
 * whether something is there already: "no" is the usual answer.
 *
 * @see RFC 959, section 4.2: a reply of several lines begins with "123-" and ends with the line that begins with "123 "
 */
export class Replies {
  #rest = ''
  /** Lines of a reply whose last one is missing, and the code it has to begin with. */
  #lines: string[] = []
  #code = ''
  #length = 0

  /** @throws LostConnection if a reply does not end */
  read(text: string): readonly Reply[] {
    const replies: Reply[] = []
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() as string
    for (const ended of lines) {
      const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended
      const reply = this.#add(line)
      if (reply !== undefined) replies.push(reply)
    }
    if (this.#length + this.#rest.length > longestReply) throw new LostConnection('an answer of the server did not end')
    return replies
  }

  #add(line: string): Reply | undefined {
    const end = line.charAt(3)
    const isLast = end === ' ' || line.length === 3
    if (this.#code !== '') {
      if (line.trim() !== '') this.#lines.push(line)
      this.#length += line.length
      if (!isLast || !line.startsWith(this.#code)) return undefined
      const [code, text] = [Number(this.#code), this.#lines.join('\n')]
      this.#lines = []
      this.#code = ''
      this.#length = 0
      return { code, text }
    }
    // What is no reply is a part of an earlier one that ended too soon.
    if (!isCode(line)) return undefined
    if (isLast) return { code: Number(line.slice(0, 3)), text: line.slice(4) }
    if (end !== '-') return undefined
    this.#code = line.slice(0, 3)
    this.#lines.push(line.slice(4))
    this.#length = line.length
    return undefined
  }
}

function isCode(line: string): boolean {
  if (line.length < 3) return false
  for (let i = 0; i < 3; i++) if (line.charCodeAt(i) < 0x30 || line.charCodeAt(i) > 0x39) return false
  return true
}
