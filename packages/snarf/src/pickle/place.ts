import { PicklingError } from './errors.ts'

/** Where in a value something is, for messages: `$.pages["a b"][3]`. One entry for each level; cheap to keep, since it is only put into words on failure. */
export class Place {
  readonly #keys: unknown[] = []
  readonly #maxDepth: number

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
  }

  /** Goes one level down. @returns whether that is not too deep */
  enter(): boolean {
    return this.#keys.push(undefined) <= this.#maxDepth
  }

  /** Names the item that is looked at on this level. */
  at(key: unknown): void {
    this.#keys[this.#keys.length - 1] = key
  }

  leave(): void {
    this.#keys.pop()
  }

  /** What cannot be written here. */
  error(message: string, cause?: unknown): PicklingError {
    return new PicklingError(message, String(this), cause === undefined ? undefined : { cause })
  }

  /** Gives whatever is thrown its place. */
  try<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw error instanceof PicklingError ? error : this.error(error instanceof Error ? error.message : String(error), error)
    }
  }

  toString(): string {
    const shown = this.#keys.length > 30 ? [...this.#keys.slice(0, 15), '…', ...this.#keys.slice(-15)] : this.#keys
    return `$${shown.map(step).join('')}`
  }
}

function step(key: unknown): string {
  if (key === undefined || key === '…') return key === undefined ? '' : '…'
  if (typeof key === 'number') return `[${key}]`
  const text = String(typeof key === 'object' && key !== null ? 'key' : key)
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return /^[A-Za-z_]\w*$/.test(short) ? `.${short}` : `[${JSON.stringify(short)}]`
}
