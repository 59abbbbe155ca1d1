import { isStorageError, StorageError, untilAborted } from '@syncline/core'
import type { Connection } from './connection.ts'
import { isBusy } from './errors.ts'
import type { Known } from './known.ts'
import { LostConnection } from './reply.ts'

/** How many connections are opened when nothing is said: enough for a near server, and for one that is far away. */
const nearConnections = 4
const farConnections = 16

/** Round trips shorter than this are near. */
const farMs = 5

/** Tries to connect, and tries after a busy server; between them it is waited, longer each time. */
const attempts = 4
const baseDelayMs = 200

/** Milliseconds for which a connection is held without being used while somebody waits for one. */
const stalledMs = 500

/** Connections that log in at the same time: a server that is asked for many at once may take it for an attack. */
const openAtOnce = 4

/** How much of the time of a call counts, when the usual time is learned: calls differ, and the first is not like the others. */
const learning = 0.3

/** Milliseconds without a further connection after one was refused or failed. */
const refusedMs = 5000

export interface PoolOptions {
  readonly open: (known: Known | undefined, signal: AbortSignal | undefined) => Promise<Connection>
  /** At most so many connections; default: by the distance of the server. */
  readonly connections: number | undefined
  /** Milliseconds after which an unused connection is closed. */
  readonly idleMs: number
}

type Waiter = (connection: Connection | undefined) => void

/** What a call is, as far as the pool has to know. */
export interface UseOptions {
  readonly signal?: AbortSignal | undefined
  /** It may be done a second time when nobody knows whether the first had its effect. */
  readonly repeatable?: boolean | (() => boolean)
}

/**
 * Gives the connection to the next call although answers are awaited: they come in order, whoever sends next. Returns false if the server cannot take
 * commands ahead; then the connection is still the caller's.
 */
export type LetGo = () => boolean

/** A call on a connection. It may let go of it when it has sent its last command. */
export type Call<T> = (connection: Connection, letGo: LetGo) => Promise<T>

/** Control connections to one server. Each serves one call at a time; the last used is the next to be used, so the others can be closed. */
export class Pool {
  readonly known: Known
  readonly #options: PoolOptions
  readonly #idle: { readonly connection: Connection; readonly since: number }[] = []
  readonly #all = new Set<Connection>()
  readonly #waiters: Waiter[] = []
  readonly #holders = new Set<() => void>()
  /** Calls that hold a connection while they wait for content, and those that wait for their turn to. */
  #sending = 0
  readonly #senders: (() => void)[] = []
  #opening = 0
  /** Milliseconds for which there were calls that waited for a connection, since the last one was opened; and since when there are now. */
  #contendedMs = 0
  #contendedSince = 0
  #growing: ReturnType<typeof setInterval> | undefined
  /** Milliseconds for which a call usually holds its connection. */
  #callMs = 0
  /** No further connection is tried before this time: the server refused one, or could not be reached. */
  #growsAfter = 0
  #isClosed = false
  #sweeper: ReturnType<typeof setInterval> | undefined

  /** @param first - a connection, free to be used */
  constructor(first: Connection, options: PoolOptions) {
    this.#options = options
    this.known = first.known
    this.#adopt(first)
    this.release(first)
  }

  /** Connections that may be open at once. */
  get size(): number {
    const wanted = this.#options.connections ?? (this.known.roundTripMs < farMs ? nearConnections : farConnections)
    return Math.max(1, Math.min(wanted, this.known.limit ?? wanted))
  }

  /** Whether calls wait for a connection. */
  get isContended(): boolean {
    return this.#waiters.length > 0
  }

  /**
   * Runs a call on a connection of its own. A connection that had been idle and turns out to be dead is replaced, and a busy server is asked again.
   */
  async use<T>(run: Call<T>, { signal, repeatable = true }: UseOptions = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const connection = await this.acquire(signal)
      const began = performance.now()
      let isHeld = true
      const letGo = (): boolean => {
        if (!isHeld || !this.known.pipelines) return !isHeld
        isHeld = false
        this.#learnCall(performance.now() - began)
        this.#giveBack(connection)
        return true
      }
      try {
        return await this.abortable(connection, run(connection, letGo), signal, () => isHeld)
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason
        const isStale = error instanceof LostConnection && connection.isReused && !error.timedOut
        if (isStale) this.#dropIdle()
        const mayRepeat = typeof repeatable === 'function' ? repeatable() : repeatable
        if (!mayRepeat || attempt >= attempts || !(isStale || isBusy(error))) throw error
        if (!isStale) await untilAborted(delay(attempt), signal)
      } finally {
        if (isHeld) {
          this.#learnCall(performance.now() - began)
          this.release(connection)
        }
      }
    }
  }

  /** Waits for what a connection does; an abort ends the connection, because nobody can say in which state it is. */
  async abortable<T>(connection: Connection, doing: Promise<T>, signal: AbortSignal | undefined, isHeld: () => boolean = () => true): Promise<T> {
    try {
      return await untilAborted(doing, signal)
    } catch (error) {
      if (signal?.aborted === true && isHeld()) connection.control.close(new LostConnection('the call was aborted'))
      throw error
    }
  }

  /** A connection for the caller alone, to be given back by {@link release}. */
  async acquire(signal: AbortSignal | undefined): Promise<Connection> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#isClosed) throw new StorageError('UNAVAILABLE', 'the storage was closed', { retryable: false })
      const idle = this.#idle.pop()
      if (idle !== undefined) {
        if (idle.connection.control.error !== undefined) continue
        idle.connection.control.ref()
        return idle.connection
      }
      if (this.#all.size + this.#opening === 0) return await this.#open(signal)
      const given = await this.#wait(signal)
      if (given !== undefined) return given
    }
  }

  /** Gives a connection back. One that waits for an answer is not fit for the next call and is closed. */
  release(connection: Connection): void {
    if (connection.control.error === undefined && !connection.isFree) connection.control.close(new LostConnection('the call ended early'))
    this.#giveBack(connection)
  }

  #giveBack(connection: Connection): void {
    if (connection.control.error !== undefined || this.#isClosed) {
      this.#all.delete(connection)
      if (this.#isClosed) connection.control.close()
      this.#wake(undefined)
      return
    }
    connection.isReused = true
    if (this.isContended) {
      this.#wake(connection)
      if (this.isContended) this.#growIfDue()
      return
    }
    connection.control.unref()
    this.#idle.push({ connection, since: performance.now() })
    this.#sweep()
  }

  /** Registers someone who keeps a connection without using it all the time, and would let go of it if asked. */
  holds(letGo: () => void): () => void {
    this.#holders.add(letGo)
    return () => this.#holders.delete(letGo)
  }

  /**
   * Watches a holder that waits for its caller. The caller may itself wait for a connection, and would for ever.
   *
   * @param letGo - called once, when somebody has waited for a connection for `ms`
   * @returns to be called when the holder goes on
   */
  whileStalled(letGo: () => void, ms: number = stalledMs): () => void {
    const timer = setInterval(() => {
      if (!this.isContended) return
      clearInterval(timer)
      letGo()
    }, ms)
    timer.unref()
    return () => clearInterval(timer)
  }

  /**
   * Waits for the turn to send content that is not in memory yet. Where there are two connections, one is left for others: the content may have to
   * be read over it.
   *
   * @returns to be called when the content was sent
   */
  async startSending(signal: AbortSignal | undefined): Promise<() => void> {
    while (this.#sending >= Math.max(1, this.size - 1)) {
      const turn = new Promise<void>(resolve => this.#senders.push(resolve))
      try {
        await untilAborted(turn, signal)
      } catch (error) {
        this.#senders.shift()?.()
        throw error
      }
    }
    this.#sending++
    return () => {
      this.#sending--
      this.#senders.shift()?.()
    }
  }

  /** Closes every connection; those in use when their call ends. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#sweeper)
    for (const { connection } of this.#idle.splice(0)) {
      this.#all.delete(connection)
      connection.control.close()
    }
    for (const letGo of this.#holders) letGo()
    while (this.isContended) this.#wake(undefined)
  }

  async #open(signal: AbortSignal | undefined): Promise<Connection> {
    this.#opening++
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          const connection = await untilAborted(this.#options.open(this.known, signal), signal)
          this.#adopt(connection)
          return connection
        } catch (error) {
          signal?.throwIfAborted()
          if (attempt >= attempts || !canPass(error)) throw error
          await untilAborted(delay(attempt), signal)
        }
      }
    } finally {
      this.#opening--
      this.#wake(undefined)
    }
  }

  /**
   * Opens further connections when calls have waited for longer than a login takes, or are going to. A login costs a server more than a small file:
   * many hash the password slowly on purpose. What is over before that is faster with the connections there are.
   */
  #growIfDue(): void {
    if (this.#isClosed || performance.now() < this.#growsAfter) return
    while (this.#opening < openAtOnce && this.#all.size + this.#opening < this.size && this.#isGrowthDue()) this.#grow()
  }

  #isGrowthDue(): boolean {
    const { loginMs } = this.known
    // The last of those who wait now, with the connections there are and those that are on their way.
    if ((this.#waiters.length * this.#callMs) / (this.#all.size + this.#opening) >= loginMs) return true
    // What is to come cannot be seen. It has gone on for a while, so it most likely goes on.
    return this.#opening === 0 && this.#contendedMs + performance.now() - this.#contendedSince >= loginMs
  }

  #grow(): void {
    this.#contendedMs = 0
    this.#contendedSince = performance.now()
    this.#opening++
    this.#options
      .open(this.known, undefined)
      .then(
        connection => {
          this.#opening--
          this.#adopt(connection)
          this.release(connection)
        },
        (error: unknown) => {
          this.#opening--
          // A server that refuses one more tells how many it allows.
          if (isStorageError(error, 'RATE_LIMITED')) this.known.limit = Math.max(1, this.#all.size + this.#opening)
          this.#growsAfter = performance.now() + refusedMs
        },
      )
      .finally(() => {
        if (this.#all.size === 0) this.#wake(undefined)
      })
      .catch(() => undefined)
  }

  #learnCall(ms: number): void {
    this.#callMs += (ms - this.#callMs) * (this.#callMs === 0 ? 1 : learning)
  }

  #adopt(connection: Connection): void {
    this.#all.add(connection)
    connection.control.onLost = () => {
      this.#all.delete(connection)
      const at = this.#idle.findIndex(item => item.connection === connection)
      if (at !== -1) this.#idle.splice(at, 1)
      this.#wake(undefined)
    }
  }

  async #wait(signal: AbortSignal | undefined): Promise<Connection | undefined> {
    let waiter: Waiter | undefined
    const waiting = new Promise<Connection | undefined>(resolve => {
      waiter = resolve
      this.#waiters.push(resolve)
    })
    if (this.#waiters.length === 1) {
      this.#contendedSince = performance.now()
      this.#growing = setInterval(() => this.#growIfDue(), Math.max(5, this.known.loginMs / 4))
    }
    for (const letGo of this.#holders) letGo()
    this.#growIfDue()
    try {
      return await untilAborted(waiting, signal)
    } catch (error) {
      const at = this.#waiters.indexOf(waiter as Waiter)
      if (at !== -1) this.#takeWaiter(at)
      // It was given one while it was being aborted.
      else void waiting.then(connection => (connection === undefined ? this.#wake(undefined) : this.release(connection)))
      throw error
    }
  }

  #wake(connection: Connection | undefined): void {
    this.#takeWaiter(0)?.(connection)
  }

  #takeWaiter(at: number): Waiter | undefined {
    const [waiter] = this.#waiters.splice(at, 1)
    if (waiter !== undefined && !this.isContended) {
      this.#contendedMs += performance.now() - this.#contendedSince
      clearInterval(this.#growing)
    }
    return waiter
  }

  #dropIdle(): void {
    for (const { connection } of this.#idle.splice(0)) {
      this.#all.delete(connection)
      connection.control.close()
    }
  }

  /** Closes what was not used for long. */
  #sweep(): void {
    if (this.#sweeper !== undefined) return
    this.#sweeper = setInterval(
      () => {
        const oldest = performance.now() - this.#options.idleMs
        while (this.#idle[0] !== undefined && this.#idle[0].since < oldest) this.#idle.shift()?.connection.control.close()
        if (this.#idle.length > 0) return
        clearInterval(this.#sweeper)
        this.#sweeper = undefined
      },
      Math.max(this.#options.idleMs / 2, 10),
    )
    this.#sweeper.unref()
  }
}

function canPass(error: unknown): boolean {
  return isStorageError(error) ? error.retryable : error instanceof LostConnection
}

function delay(attempt: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, baseDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)))
}
