import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What a script answers to a command: lines, data for the data connection, or nothing to go on as usual. */
export interface Answer {
  readonly reply?: string
  /** Sent over the data connection, between 150 and 226. */
  readonly data?: Iterable<string>
}

export interface Script {
  readonly features?: readonly string[]
  /** Reads one command of each packet and loses the rest, as servers do that know one command at a time. */
  readonly losesPipelined?: boolean
  readonly answer?: (command: string, argument: string, files: Map<string, Buffer>) => Answer | undefined
}

/** A server for what no real one does: lies, and manners of servers that cannot be had. It keeps files in memory, all in one directory. */
export class ScriptedServer implements AsyncDisposable {
  readonly files: Map<string, Buffer> = new Map()
  readonly commands: string[] = []
  readonly #script: Script
  readonly #control: Server
  readonly #sockets = new Set<Socket>()

  private constructor(script: Script) {
    this.#script = script
    this.#control = createServer(socket => this.#serve(socket))
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const server = new ScriptedServer(script)
    await new Promise<void>(resolve => server.#control.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    return (this.#control.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#control.close(resolve))
  }

  #serve(socket: Socket): void {
    let data: Promise<Socket> | undefined
    let renameFrom = ''
    let rest = ''
    let turn = Promise.resolve()
    const say = (line: string): void => void socket.write(`${line}\r\n`)
    const transfer = async (move: (connection: Socket) => Promise<void>): Promise<void> => {
      say('150 here')
      const connection = await data
      if (connection !== undefined) await move(connection).catch(() => undefined)
      data = undefined
      say('226 done')
    }
    const run = async (line: string): Promise<void> => {
      const [command = '', ...words] = line.split(' ')
      const argument = words.join(' ')
      this.commands.push(line)
      const answer = this.#script.answer?.(command, argument, this.files)
      if (answer?.data !== undefined) return await transfer(connection => send(connection, answer.data as Iterable<string>))
      if (answer?.reply !== undefined) return say(answer.reply)
      const file = this.files.get(argument)
      switch (command) {
        case 'USER':
          return say('230 in')
        case 'FEAT':
          return say(`211-features\r\n${(this.#script.features ?? []).map(item => ` ${item}\r\n`).join('')}211 end`)
        case 'PWD':
          return say('257 "/"')
        case 'EPSV': {
          const server = createServer()
          data = new Promise(resolve => server.once('connection', connection => resolve(connection.on('error', () => undefined))))
          server.listen(0, '127.0.0.1', () => say(`229 port (|||${(server.address() as AddressInfo).port}|)`))
          void data.then(() => server.close())
          return
        }
        case 'STOR':
          return await transfer(async connection => {
            const chunks: Buffer[] = []
            for await (const chunk of connection) chunks.push(chunk as Buffer)
            this.files.set(argument, Buffer.concat(chunks))
          })
        case 'RETR':
          return file === undefined ? say('550 no such file') : await transfer(connection => send(connection, [file.toString()]))
        case 'SIZE':
          return say(file === undefined ? '550 no such file' : `213 ${file.length}`)
        case 'DELE':
          return say(this.files.delete(argument) ? '250 gone' : '550 no such file')
        case 'RNFR':
          renameFrom = argument
          return say(file === undefined ? '550 no such file' : '350 go on')
        case 'RNTO':
          this.files.set(argument, this.files.get(renameFrom) as Buffer)
          this.files.delete(renameFrom)
          return say('250 renamed')
        case 'CWD':
          return say(file === undefined ? '250 in' : '550 not a directory')
        case 'QUIT':
          return say('221 bye')
        default:
          return say('500 what?')
      }
    }
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      rest += chunk.toString()
      const lines = rest.split('\r\n')
      rest = lines.pop() as string
      for (const line of this.#script.losesPipelined === true ? lines.slice(0, 1) : lines) turn = turn.then(() => run(line))
    })
    say('220 scripted')
  }
}

async function send(connection: Socket, texts: Iterable<string>): Promise<void> {
  for (const text of texts) {
    if (connection.destroyed) return
    if (!connection.write(text)) await new Promise<void>(resolve => connection.once('drain', resolve).once('close', () => resolve()))
  }
  connection.end()
}
