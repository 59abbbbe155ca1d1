/** Lets a limited number of things happen at once, first come first served. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []
  #head = 0

  constructor(count: number) {
    this.#free = count
  }

  /** Lets more happen at once. */
  add(count: number): void {
    for (let i = 0; i < count; i++) this.#release()
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
