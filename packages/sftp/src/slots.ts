/** Lets a limited number of things happen at once, first come first served. */
export class Slots {
  #free: number
  readonly #count: number
  readonly #waiting: (() => void)[] = []
  #head = 0

  constructor(count: number) {
    this.#free = this.#count = count
  }

  /** Runs `work` over the items, in order of their start. The first rejection rejects the whole after the ones that are running. */
  async map<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
    const results: R[] = []
    let next = 0
    let failure: { readonly error: unknown } | undefined
    const worker = async (): Promise<void> => {
      while (failure === undefined && next < items.length) {
        const index = next++
        try {
          results[index] = await this.run(() => work(items[index] as T, index))
        } catch (error) {
          failure ??= { error }
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(this.#count, items.length) }, worker))
    if (failure !== undefined) throw failure.error
    return results
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      this.#release()
    }
  }

  #release(): void {
    const next = this.#waiting[this.#head]
    if (next === undefined) {
      this.#free++
      return
    }
    this.#head++
    // A queue of thousands is not moved for each that leaves it.
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
    next()
  }
}
