import { createServer } from 'node:net'
import { Link } from './fault-link.mjs'

/** A server answers EPSV with a port only, so a proxy for FTP needs the same ports on another address. */
const addresses = Array.from({ length: 31 }, (_, i) => `127.0.0.${i + 2}`)

/** @type {import('./fault-proxy.d.mts').faultProxy} */
export async function faultProxy({ host, port, latencyMs = 0, bytesPerSecond, passivePorts }) {
  const link = new Link({ latencyMs, bytesPerSecond })
  const [servers, address] = passivePorts === undefined ? [await listenAnywhere(), '127.0.0.1'] : await listenAside(port, passivePorts)
  for (const { server, upstream } of servers) {
    server.on('connection', socket =>
      link.accept(socket, { host, port: upstream ?? port }, upstream === undefined || upstream === port ? 'control' : 'data'),
    )
  }
  const close = async () => {
    const closed = servers.map(({ server }) => /** @type {Promise<void>} */ (new Promise(resolve => server.close(() => resolve()))))
    link.killConnections()
    await Promise.all(closed)
  }
  return {
    host: address,
    port: /** @type {import('node:net').AddressInfo} */ (servers[0]?.server.address()).port,
    cutAfter: (bytes, options = {}) => link.plan({ type: 'cut', left: bytes, how: 'reset', connections: 'all', ...options }),
    corrupt: (offset, scope = {}) => link.plan({ type: 'corrupt', left: offset, ...scope }),
    refuse: on => void (link.refusing = on),
    hang: on => link.hang(on),
    calm: () => link.calm(),
    setLatency: ms => void (link.latencyMs = ms),
    setBytesPerSecond: bytes => void (link.bytesPerSecond = bytes),
    killConnections: () => link.killConnections(),
    stats: () => link.stats(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/**
 * @typedef {{ readonly server: import('node:net').Server, readonly upstream: number | undefined }} Listener
 */

/** @returns {Promise<Listener[]>} */
async function listenAnywhere() {
  return [{ server: await listen('127.0.0.1', 0), upstream: undefined }]
}

/**
 * @param {number} port
 * @param {readonly [number, number]} passivePorts
 * @returns {Promise<[Listener[], string]>}
 */
async function listenAside(port, [first, last]) {
  const ports = [port, ...Array.from({ length: last - first + 1 }, (_, i) => first + i)]
  for (const address of addresses) {
    /** @type {Listener[]} */
    const servers = []
    try {
      for (const upstream of ports) servers.push({ server: await listen(address, upstream), upstream })
      return [servers, address]
    } catch (error) {
      for (const { server } of servers) server.close()
      // Another proxy for the same server: there are more addresses.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error(`no loopback address is left on which port ${port} is free`)
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<import('node:net').Server>}
 */
function listen(host, port) {
  return new Promise((resolve, reject) => {
    // Half open: the end of one direction is passed on, and the other goes on.
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    server.once('error', reject).listen(port, host, () => resolve(server.off('error', reject)))
  })
}
