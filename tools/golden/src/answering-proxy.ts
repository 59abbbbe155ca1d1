import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a request asks for. */
export interface Asked {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
}

/** An answer in place of the server's. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** An HTTP server in front of another: passes requests on, remembers them, and answers some of them itself. */
export interface AnsweringProxy {
  readonly endpoint: string
  /** Since the last call of `forget`. */
  readonly requests: readonly Asked[]
  forget(): void
  /** Decides about each request; `undefined` passes it on. */
  answer(decide: ((asked: Asked) => Answer | undefined) | undefined): void
  close(): Promise<void>
}

/** @param endpoint - of the server */
export async function answeringProxy(endpoint: string): Promise<AnsweringProxy> {
  const { hostname, port } = new URL(endpoint)
  let requests: Asked[] = []
  let decide: ((asked: Asked) => Answer | undefined) | undefined
  const handle = (incoming: IncomingMessage, response: ServerResponse): void => {
    const asked = { method: incoming.method ?? '', target: incoming.url ?? '' }
    requests.push(asked)
    const answer = decide?.(asked)
    if (answer !== undefined) {
      incoming.resume()
      incoming.once('end', () => response.writeHead(answer.status, { 'content-type': 'application/xml', ...answer.headers }).end(answer.body))
      return
    }
    // Headers as they came, the host among them: they are signed.
    const options = { host: hostname, port, method: asked.method, path: asked.target, headers: incoming.headers, agent: false as const }
    const upstream = request(options, answered => {
      response.writeHead(answered.statusCode ?? 502, answered.rawHeaders)
      answered.pipe(response)
      answered.once('error', () => response.destroy())
    })
    upstream.once('error', () => response.destroy())
    response.once('close', () => upstream.destroy())
    incoming.pipe(upstream)
  }
  const server = createServer(handle)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests
    },
    forget: () => void (requests = []),
    answer: given => void (decide = given),
    close: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
