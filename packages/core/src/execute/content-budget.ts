/** Holds back who would hold too many bytes of content at a time. First come, first served, so that a big one is not starved by small ones. */
export class ContentBudget {
  readonly #limit: number
  #held = 0
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = []

  /** @param limit - bytes that all may hold together; who alone needs more gets it alone */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Resolves when `bytes` more may be held, to the function that gives them back. */
  async take(bytes: number): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) await new Promise<void>(go => this.#waiting.push({ bytes, go }))
    else this.#held += bytes
    let given = false
    return () => {
      if (given) return
      given = true
      this.#held -= bytes
      this.#admit()
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#held += next.bytes
      next.go()
    }
  }

  #fits(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.#limit
  }
}
