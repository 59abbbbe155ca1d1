import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'

/** As little of FTP as it takes to see that a server works. */
export class FtpSession {
  readonly host: string
  #socket: Socket
  #lines: AsyncIterator<string>

  private constructor(host: string, socket: Socket) {
    this.host = host
    this.#socket = socket
    this.#lines = linesOf(socket)
  }

  /** Resolves with a session and the greeting. */
  static async open(host: string, port: number): Promise<[FtpSession, string]> {
    const session = new FtpSession(host, connect(port, host))
    return [session, await session.reply()]
  }

  /** The same with TLS from the first byte. */
  static async openTls(host: string, port: number, ca: string): Promise<[FtpSession, string, TLSSocket]> {
    const socket = connectTls({ host, port, ca, servername: '' })
    await once(socket, 'secureConnect')
    const session = new FtpSession(host, socket)
    return [session, await session.reply(), socket]
  }

  /** Puts the session into TLS. */
  async secure(ca: string): Promise<TLSSocket> {
    await this.command('AUTH TLS')
    const socket = connectTls({ socket: this.#socket, ca, host: this.host })
    await once(socket, 'secureConnect')
    this.#socket = socket
    this.#lines = linesOf(socket)
    return socket
  }

  /** Sends a command and resolves to the whole reply. */
  async command(line: string): Promise<string> {
    this.#socket.write(`${line}\r\n`)
    return await this.reply()
  }

  async login(user: string, password: string): Promise<string> {
    await this.command(`USER ${user}`)
    return await this.command(`PASS ${password}`)
  }

  /** Sends content, or reads it, over a data connection. Resolves to what came and to the last reply. */
  async transfer(line: string, content?: Buffer): Promise<{ readonly content: Buffer; readonly reply: string }> {
    const [, port] = /\(\|\|\|(\d+)\|\)/.exec(await this.command('EPSV')) ?? []
    const data = connect(Number(port), this.host)
    // A server that refuses the transfer closes the connection as it likes.
    data.on('error', () => {})
    const chunks: Buffer[] = []
    data.on('data', chunk => chunks.push(chunk))
    const closed = new Promise(resolve => data.once('close', resolve))
    const first = await this.command(line)
    if (!first.startsWith('1')) {
      data.destroy()
      return { content: Buffer.alloc(0), reply: first }
    }
    data.end(content ?? Buffer.alloc(0))
    await closed
    return { content: Buffer.concat(chunks), reply: await this.reply() }
  }

  async reply(): Promise<string> {
    const lines: string[] = []
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done === true) throw new Error(`the connection ended after ${JSON.stringify(lines)}`)
      lines.push(value)
      if (/^\d{3} /.test(value)) return lines.join('\n')
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}

function linesOf(socket: Socket): AsyncIterator<string> {
  socket.on('error', () => {})
  return createInterface({ input: socket })[Symbol.asyncIterator]()
}
