import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A proxy for the control connection of FTP that answers some commands itself. Data connections go past it. */
export interface LineProxy {
  readonly port: number
  /** Decides about each command; `undefined` passes it on. */
  answer(decide: ((command: string) => string | undefined) | undefined): void
  close(): Promise<void>
}

/** Plain FTP only: what is encrypted cannot be answered. */
export async function lineProxy(host: string, port: number): Promise<LineProxy> {
  let decide: ((command: string) => string | undefined) | undefined
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const upstream = connect(port, host)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.once('close', () => sockets.delete(socket))
      socket.on('error', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    // Commands may be sent without waiting, so our answers wait for those before them. The first one owed is the greeting.
    const owed: (string | undefined)[] = [undefined]
    const flush = (): void => {
      for (let answer = owed[0]; answer !== undefined; answer = owed[0]) {
        client.write(`${answer}\r\n`, 'latin1')
        owed.shift()
      }
    }
    eachLine(client, line => {
      const answer = decide?.(line)
      owed.push(answer)
      if (answer === undefined) upstream.write(`${line}\r\n`, 'latin1')
      else flush()
    })
    eachLine(upstream, line => {
      client.write(`${line}\r\n`, 'latin1')
      // A last line has a space after its code, and a code of 1xx is followed by another answer.
      if (!/^[2-5]\d\d /.test(line)) return
      owed.shift()
      flush()
    })
    client.on('end', () => upstream.end())
    upstream.on('end', () => client.end())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    answer: given => void (decide = given),
    close: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function eachLine(socket: Socket, take: (line: string) => void): void {
  let rest = ''
  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}
