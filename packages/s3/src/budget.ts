import { untilAborted } from '@syncline/core'

/** Bytes that may be held at the same time. Who asks first is served first, so nobody waits for ever. */
export class Budget {
  readonly #limit: number
  #used = 0
  readonly #waiting: { readonly bytes: number; readonly start: () => void }[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes held now. */
  get used(): number {
    return this.#used
  }

  /** Waits until `bytes` are free and takes them; more than there are count as all. Resolves to what gives them back, once. */
  async take(bytes: number, signal?: AbortSignal): Promise<() => void> {
    const wanted = Math.min(bytes, this.#limit)
    if (this.#waiting.length > 0 || this.#used + wanted > this.#limit) {
      let entry: { readonly bytes: number; readonly start: () => void } | undefined
      const turn = new Promise<void>(resolve => this.#waiting.push((entry = { bytes: wanted, start: resolve })))
      try {
        await untilAborted(turn, signal)
      } catch (error) {
        const at = this.#waiting.indexOf(entry as never)
        if (at === -1) this.#free(wanted)
        else this.#waiting.splice(at, 1)
        this.#serve()
        throw error
      }
    } else this.#used += wanted
    let held = true
    return () => {
      if (held) this.#free(wanted)
      held = false
    }
  }

  #free(bytes: number): void {
    this.#used -= bytes
    this.#serve()
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#used + first.bytes <= this.#limit; first = this.#waiting[0]) {
      this.#waiting.shift()
      this.#used += first.bytes
      first.start()
    }
  }
}
