import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer that a test gives in place of the server. */
export interface GivenAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Stands before the real server, counts what passes and may answer some requests itself. */
export interface Front extends AsyncDisposable {
  readonly endpoint: string
  /** "METHOD /path?query" of every request that came. */
  readonly requests: string[]
  /** Asked for each request; what it returns is the answer, `undefined` lets it pass, 'lose' does it and drops the answer. */
  answer: (request: IncomingMessage) => GivenAnswer | 'lose' | undefined | Promise<undefined>
}

export async function front(to: string): Promise<Front> {
  const target = new URL(to)
  const requests: string[] = []
  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing))
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    requests.push(`${incoming.method} ${incoming.url}`)
    const given = await self.answer(incoming)
    if (given === undefined || given === 'lose') pass(target, incoming, outgoing, given === 'lose')
    else {
      incoming.resume()
      incoming.on('end', () => outgoing.writeHead(given.status, given.headers).end(given.body))
    }
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const self: Front = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return self
}

/** The host header stays as it is: it is signed. */
function pass(target: URL, incoming: IncomingMessage, outgoing: ServerResponse, lose: boolean): void {
  const { method, url, headers } = incoming
  const forward = request({ hostname: target.hostname, port: target.port, method, path: url, headers }, answer => {
    if (lose) {
      answer.resume()
      answer.on('end', () => outgoing.destroy())
      return
    }
    outgoing.writeHead(answer.statusCode as number, answer.headers)
    answer.pipe(outgoing)
  })
  forward.on('error', () => outgoing.destroy())
  incoming.pipe(forward)
}
