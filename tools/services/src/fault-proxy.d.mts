/** Where a proxy leads and how slow it is. */
export interface FaultProxyOptions {
  readonly host: string
  readonly port: number
  /** Delay in each direction: a round trip takes twice as long. 0 if not given. */
  readonly latencyMs?: number
  /** Of all connections together, in each direction. Unlimited if not given. */
  readonly bytesPerSecond?: number
  /**
   * First and last port of FTP's data connections. The proxy then listens on the same ports of another loopback address, since a server answers
   * EPSV with a port only: nothing has to be rewritten. Clients that use PASV are led past the proxy.
   */
  readonly passivePorts?: readonly [number, number]
}

/** Which bytes a fault is for. */
export interface FaultScope {
  /** `up` is from the client to the server. Both if not given. */
  readonly direction?: 'up' | 'down'
  /** Only connections to `port`, or only those to `passivePorts`. All if not given. */
  readonly on?: 'control' | 'data'
}

export interface CutOptions extends FaultScope {
  /** `reset` as a dying peer does (default), or `end`: the end of the stream comes early, as if all had been sent. */
  readonly how?: 'reset' | 'end'
  /** All connections (default), or only the one that passed the last byte. */
  readonly connections?: 'all' | 'this'
}

export interface FaultProxyStats {
  readonly accepted: number
  readonly live: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly cuts: number
}

/** A TCP proxy that lets the network fail. */
export interface FaultProxy {
  readonly host: string
  readonly port: number
  /**
   * Counts from now: passes exactly so many bytes more, then cuts. Once; new connections work.
   *
   * A reset may overtake bytes that have passed and that the receiver has not read, as in a real network; an `end` does not.
   */
  cutAfter(bytes: number, options?: CutOptions): void
  /** Counts from now: turns over every bit of the byte at that offset, once. */
  corrupt(offset: number, scope?: FaultScope): void
  /** Resets every new connection as long as it is set. */
  refuse(on: boolean): void
  /** Passes nothing as long as it is set, and loses nothing: afterwards all of it goes on. */
  hang(on: boolean): void
  /** Forgets cuts and corruptions that have not happened. */
  calm(): void
  setLatency(ms: number): void
  setBytesPerSecond(bytes: number | undefined): void
  /** Resets every open connection. Returns how many. */
  killConnections(): number
  stats(): FaultProxyStats
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Listens on loopback and passes on what comes, with the faults that are asked for. */
export function faultProxy(options: FaultProxyOptions): Promise<FaultProxy>
