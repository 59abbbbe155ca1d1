/** Work that is waiting to be started, piece by piece. */
interface Job {
  hasMore(): boolean
  start(): void
}

/** Lets a limited number of things happen at once, first come first served. */
export class Slots {
  #free: number
  readonly #jobs: Job[] = []

  constructor(count: number) {
    this.#free = count
  }

  /**
   * Runs `work` over the items, in order of their start. The first rejection rejects the whole after the ones that are running.
   *
   * Nothing is made for an item before its turn: of ten thousand that wait, the collector would carry all along.
   */
  map<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
    if (items.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      const results: R[] = []
      let next = 0
      let running = 0
      let failure: { readonly error: unknown } | undefined
      const hasMore = (): boolean => next < items.length && failure === undefined
      const ended = (): void => {
        running--
        this.#free++
        if (running === 0 && !hasMore()) {
          if (failure === undefined) resolve(results)
          else reject(failure.error)
        }
        this.#fill()
      }
      const failed = (error: unknown): void => {
        failure ??= { error }
        ended()
      }
      const start = (): void => {
        const index = next++
        running++
        work(items[index] as T, index).then(result => {
          results[index] = result
          ended()
        }, failed)
      }
      this.#jobs.push({ hasMore, start })
      this.#fill()
    })
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const [result] = await this.map([work], each => each())
    return result as T
  }

  #fill(): void {
    while (this.#free > 0) {
      const job = this.#jobs[0]
      if (job === undefined) return
      if (!job.hasMore()) {
        this.#jobs.shift()
        continue
      }
      this.#free--
      job.start()
    }
  }
}
