import { connect } from 'node:net'
import { Lane } from './fault-lane.mjs'

/**
 * @typedef {import('node:net').Socket} Socket
 * @typedef {import('./fault-proxy.d.mts').FaultScope} FaultScope
 * @typedef {FaultScope & { left: number } & ({ readonly type: 'corrupt' } | {
 *   readonly type: 'cut', readonly how?: 'reset' | 'end', readonly connections?: 'all' | 'this'
 * })} Fault
 * @typedef {{ readonly on: 'control' | 'data', readonly sockets: readonly [Socket, Socket] }} Connection
 */

/** What all connections of a proxy share: how fast they are, and what happens to them. */
export class Link {
  refusing = false
  hanging = false
  /** Between the last byte that passes and the end of all connections. */
  cutting = false
  accepted = 0
  cuts = 0
  bytes = { up: 0, down: 0 }
  /** When the line is free again, in each direction. */
  free = { up: 0, down: 0 }
  /** @type {Set<Connection>} */
  connections = new Set()
  /** @type {Set<Lane>} */
  lanes = new Set()
  /** @type {Fault[]} */
  faults = []

  /** @param {{ readonly latencyMs: number, readonly bytesPerSecond: number | undefined }} speed */
  constructor({ latencyMs, bytesPerSecond }) {
    this.latencyMs = latencyMs
    /** @type {number | undefined} */
    this.bytesPerSecond = bytesPerSecond
  }

  /**
   * @param {Socket} client
   * @param {{ readonly host: string, readonly port: number }} upstream
   * @param {'control' | 'data'} on
   */
  accept(client, upstream, on) {
    this.accepted++
    if (this.refusing) return void client.resetAndDestroy()
    const server = connect({ ...upstream, allowHalfOpen: true, noDelay: true })
    const connection = /** @type {Connection} */ ({ on, sockets: [client, server] })
    this.connections.add(connection)
    new Lane(this, connection, 'up', client, server)
    new Lane(this, connection, 'down', server, client)
    for (const socket of connection.sockets) {
      socket.on('error', () => this.kill(connection))
      socket.on('close', () => {
        if (connection.sockets.every(other => other.destroyed)) this.connections.delete(connection)
      })
    }
  }

  /** @param {Fault} fault */
  plan(fault) {
    if (!Number.isInteger(fault.left) || fault.left < 0) throw new TypeError(`a fault needs a whole number of bytes, got ${fault.left}`)
    this.faults.push(fault)
  }

  calm() {
    this.faults = []
  }

  /** @param {boolean} on */
  hang(on) {
    this.hanging = on
    this.goOn()
  }

  /** Whether anything is delivered now. */
  get passes() {
    return !this.hanging && !this.cutting
  }

  goOn() {
    if (this.passes) for (const lane of [...this.lanes]) lane.deliver()
  }

  /**
   * What a line carries at once: a slow one delivers a trickle, not now and then a lump.
   *
   * @param {Buffer} chunk
   */
  piecesOf(chunk) {
    const size = this.bytesPerSecond === undefined ? chunk.length : Math.max(512, Math.ceil(this.bytesPerSecond / 100))
    return Array.from({ length: Math.ceil(chunk.length / size) }, (_, i) => chunk.subarray(i * size, (i + 1) * size))
  }

  /**
   * When a chunk that comes now has passed a line of this speed. It counts for all connections, as bytes of one share the line with those of others.
   *
   * @param {'up' | 'down'} direction
   * @param {number} length
   */
  arrivalOf(direction, length) {
    const now = performance.now()
    if (this.bytesPerSecond !== undefined) this.free[direction] = Math.max(this.free[direction], now) + (length / this.bytesPerSecond) * 1000
    return Math.max(now, this.free[direction]) + this.latencyMs
  }

  /**
   * Applies the faults that are due within a chunk that is about to be delivered.
   *
   * @param {Connection} connection
   * @param {'up' | 'down'} direction
   * @param {Buffer} chunk changed in place where a byte is to be corrupted
   * @returns {{ readonly chunk: Buffer, readonly cut: Fault | undefined }} what still passes, and what happens then
   */
  meet(connection, direction, chunk) {
    let passing = chunk
    /** @type {Fault | undefined} */
    let cut
    const due = this.faults.filter(fault => (fault.direction ?? direction) === direction && (fault.on ?? connection.on) === connection.on)
    for (const fault of due) {
      if (fault.type === 'cut' && fault.left <= passing.length) {
        passing = passing.subarray(0, fault.left)
        cut = fault
      }
    }
    for (const fault of due) {
      if (fault.type === 'corrupt' && fault.left < passing.length) {
        passing[fault.left] = (passing[fault.left] ?? 0) ^ 0xff
        this.faults.splice(this.faults.indexOf(fault), 1)
      } else fault.left -= Math.min(passing.length, fault.left)
    }
    if (cut !== undefined) this.faults.splice(this.faults.indexOf(cut), 1)
    this.bytes[direction] += passing.length
    return { chunk: passing, cut }
  }

  /**
   * @param {Connection} connection
   * @param {Fault & { readonly type: 'cut' }} fault
   */
  cut(connection, { connections, how }) {
    this.cuts++
    this.cutting = false
    for (const each of connections === 'this' ? [connection] : [...this.connections]) {
      if (how === 'end') for (const socket of each.sockets) socket.destroySoon()
      else this.kill(each)
    }
    this.goOn()
  }

  /** @param {Connection} connection */
  kill(connection) {
    for (const socket of connection.sockets) if (!socket.destroyed) socket.resetAndDestroy()
    this.connections.delete(connection)
  }

  killConnections() {
    const all = [...this.connections]
    for (const connection of all) this.kill(connection)
    return all.length
  }

  stats() {
    return { accepted: this.accepted, live: this.connections.size, bytesUp: this.bytes.up, bytesDown: this.bytes.down, cuts: this.cuts }
  }
}
