/** @typedef {import('node:net').Socket} Socket */

/** For the receiver to read what has passed: a reset takes away what it has not read yet. */
const graceMs = 20

/** What may be under way in one direction of one connection: more than a fast line with a long way holds. */
const mostUnderWay = 8 << 20

/** One direction of one connection: a line on which chunks travel one after the other for as long as latency and speed say. */
export class Lane {
  /** @type {{ readonly chunk: Buffer | undefined, readonly due: number }[]} */
  queue = []
  bytes = 0
  /** @type {NodeJS.Timeout | undefined} */
  timer
  blocked = false

  /**
   * @param {import('./fault-link.mjs').Link} link
   * @param {import('./fault-link.mjs').Connection} connection
   * @param {'up' | 'down'} direction
   * @param {Socket} from
   * @param {Socket} to
   */
  constructor(link, connection, direction, from, to) {
    this.link = link
    this.connection = connection
    this.direction = direction
    this.from = from
    this.to = to
    link.lanes.add(this)
    from.on('data', chunk => this.take(/** @type {Buffer} */ (chunk)))
    from.on('end', () => this.take(undefined))
    to.on('drain', () => {
      this.blocked = false
      this.deliver()
    })
    to.on('close', () => this.end())
    from.resume()
  }

  /** @param {Buffer | undefined} chunk undefined at the end of the stream, which takes as long as a byte */
  take(chunk) {
    for (const piece of chunk === undefined ? [undefined] : this.link.piecesOf(chunk)) {
      const length = piece?.length ?? 0
      this.queue.push({ chunk: piece, due: this.link.arrivalOf(this.direction, length) })
      this.bytes += length
    }
    if (this.bytes > mostUnderWay) this.from.pause()
    this.deliver()
  }

  /** Delivers what has arrived, and comes back for the rest. */
  deliver() {
    clearTimeout(this.timer)
    while (this.link.passes && !this.blocked && !this.to.destroyed) {
      const next = this.queue[0]
      if (next === undefined) return
      const wait = next.due - performance.now()
      // Timers have whole milliseconds: what is due within a half of one is due.
      if (wait > 0.5) {
        this.timer = setTimeout(() => this.deliver(), Math.round(wait))
        return
      }
      this.queue.shift()
      if (next.chunk === undefined) this.to.end()
      else this.pass(next.chunk)
      if (this.bytes <= mostUnderWay / 2) this.from.resume()
    }
  }

  /** @param {Buffer} content */
  pass(content) {
    this.bytes -= content.length
    const { chunk, cut } = this.link.meet(this.connection, this.direction, content)
    if (cut?.type === 'cut') {
      // Nothing follows, and what was to pass has passed before the connection dies.
      this.end()
      this.from.pause()
      if (cut.connections !== 'this') this.link.cutting = true
      if (chunk.length === 0) this.link.cut(this.connection, cut)
      else this.to.write(chunk, () => setTimeout(() => this.link.cut(this.connection, cut), graceMs))
    } else this.blocked = !this.to.write(chunk)
  }

  end() {
    clearTimeout(this.timer)
    this.queue = []
    this.blocked = true
    this.link.lanes.delete(this)
  }
}
