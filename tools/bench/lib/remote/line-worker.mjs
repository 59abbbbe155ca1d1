// The main thread waits for one command after the other, so what passes bytes on for them runs here.
import { createServer, connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { faultProxy } from '@syncline/services/fault-proxy'

/** @type {import('./line.mjs').LineData} */
const { host, port, roundTripMs, passivePorts, counts } = workerData

const place =
  roundTripMs > 0 ? await faultProxy({ host, port, latencyMs: roundTripMs / 2, ...(passivePorts && { passivePorts }) }) : await countRequests()
parentPort?.postMessage({ host: place.host, port: place.port })

/** Passes everything on and counts what begins like a request of HTTP: the content that the benchmark sends does not. */
async function countRequests() {
  const begin = /(?:GET|PUT|HEAD|POST|DELETE) \/\S* HTTP\/1\.1\r\n/g
  const total = new Int32Array(counts)
  const server = createServer(client => {
    const upstream = connect({ host, port, noDelay: true })
    let rest = ''
    client.on('data', chunk => {
      // The end of one chunk may hold the beginning of a line that goes on in the next.
      const text = rest + chunk.toString('latin1')
      let end = 0
      for (const match of text.matchAll(begin)) {
        Atomics.add(total, 0, 1)
        end = match.index + match[0].length
      }
      rest = text.slice(Math.max(end, text.length - 2048))
    })
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => [client, upstream].forEach(each => each.destroy()))
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  return { host: '127.0.0.1', port: /** @type {import('node:net').AddressInfo} */ (server.address()).port }
}
