import { Worker } from 'node:worker_threads'

/**
 * @typedef {object} LineData
 * @property {string} host of the server
 * @property {number} port
 * @property {number} roundTripMs 0: only requests are counted
 * @property {readonly [number, number]} [passivePorts]
 * @property {SharedArrayBuffer} counts
 */

/**
 * A line to a server, in a thread of its own: a slow one through the fault proxy, or one that counts requests of HTTP.
 *
 * @typedef {object} Line
 * @property {string} host
 * @property {number} port
 * @property {() => number} takeCount requests since it was last asked
 * @property {() => Promise<unknown>} close
 */

/**
 * @param {Omit<LineData, 'counts'>} options
 * @returns {Promise<Line>}
 */
export async function openLine(options) {
  const counts = new SharedArrayBuffer(4)
  const worker = new Worker(new URL('./line-worker.mjs', import.meta.url), { workerData: { ...options, counts } })
  /** @type {{ host: string, port: number }} */
  const { host, port } = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  return { host, port, takeCount: () => Atomics.exchange(new Int32Array(counts), 0, 0), close: () => worker.terminate() }
}
