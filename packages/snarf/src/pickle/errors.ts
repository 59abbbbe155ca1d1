/** A value that cannot be written. The message names the place inside the value. */
export class PicklingError extends Error {
  override readonly name: string = 'PicklingError'
  /** Where in the value, e.g. `$.pages["home"].author`. */
  readonly place: string

  constructor(message: string, place: string, options?: { readonly cause?: unknown }) {
    super(`${message} (at ${place})`, options)
    this.place = place
  }
}

/** Text that is no pickle, or one that may not be read here. The message names line and column, both from 1. */
export class UnpicklingError extends Error {
  override readonly name: string = 'UnpicklingError'
  readonly line: number
  readonly column: number

  constructor(message: string, position: { readonly line: number; readonly column: number }, options?: { readonly cause?: unknown }) {
    super(`${message} (line ${position.line}, column ${position.column})`, options)
    this.line = position.line
    this.column = position.column
  }
}
