import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { rootCertificates } from 'node:tls'
import { onAbort } from '@syncline/core'

/** What goes over the wire. */
export interface HttpRequest {
  readonly url: URL
  readonly method: string
  /** Encoded, with the query. Sent as it is: a URL would resolve ".." segments, which keys may have. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
}

/** Connections that are kept open, the last one used taken first, so that the others may close. */
export class Http {
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent }
  readonly #timeoutMs: number

  /** @param caFile - certificates in PEM that are trusted beside the usual ones */
  constructor(connections: number, timeoutMs: number, caFile?: string) {
    const options = { keepAlive: true, scheduling: 'lifo', maxSockets: connections, maxFreeSockets: connections } as const
    this.#agents = {
      http: new HttpAgent(options),
      https: new HttpsAgent({ ...options, ...(caFile !== undefined && { ca: [...rootCertificates, readFileSync(caFile)] }) }),
    }
    this.#timeoutMs = timeoutMs
  }

  /**
   * Resolves when the head of the answer is there; its body has to be read or destroyed.
   *
   * Rejects with the reason of the signal, or with what the socket said. A request that failed on a kept connection before any answer has
   * `reused: true` on its error: servers close idle connections, and then nobody has seen it.
   */
  send({ url, method, target, headers, body, signal }: HttpRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const isSecure = url.protocol === 'https:'
      const options = {
        protocol: url.protocol,
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? undefined : Number(url.port),
        method,
        path: target,
        headers: body === undefined ? headers : { ...headers, 'content-length': body.length },
        agent: isSecure ? this.#agents.https : this.#agents.http,
        timeout: this.#timeoutMs,
      }
      const request: ClientRequest = isSecure ? httpsRequest(options) : httpRequest(options)
      let answer: IncomingMessage | undefined
      const stop = (): void => {
        reject(signal?.reason)
        // An answer that is being read ends with the reason too.
        if (answer !== undefined) answer.destroy(signal?.reason)
        request.destroy()
      }
      const leave = onAbort(signal, stop)
      const timeoutMs = this.#timeoutMs
      request.on('timeout', () => {
        // Bytes that came wait for a reader who is slow: the server is not asked for more, and so is not silent.
        if (answer !== undefined && answer.readableLength > 0) return void request.setTimeout(timeoutMs)
        const error = Object.assign(new Error(`no byte came for ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' })
        if (answer !== undefined) answer.destroy(error)
        request.destroy(error)
      })
      request.on('error', error => {
        if (signal?.aborted === true) return reject(signal.reason)
        reject(Object.assign(error, { reused: request.reusedSocket && (error as NodeJS.ErrnoException).code !== 'ETIMEDOUT' }))
      })
      request.on('response', response => {
        answer = response
        resolve(response)
      })
      request.on('close', leave)
      if (body === undefined || body.length === 0) request.end()
      else request.end(body)
    })
  }

  /** Ends the connections; what is under way fails. */
  close(): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }
}

/** Reads an answer to its end. */
export async function textOfAnswer(answer: IncomingMessage): Promise<string> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('end', () => resolve(chunks.length === 0 ? '' : Buffer.concat(chunks).toString('utf8')))
    answer.on('error', reject)
    answer.on('aborted', () => reject(Object.assign(new Error('the answer was cut short'), { code: 'ECONNRESET' })))
  })
}
