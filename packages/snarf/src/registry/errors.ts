/** A name that nobody registered, or an object of a class that nobody registered. Nothing is ever looked up by name outside a registry. */
export class UnknownClassError extends Error {
  override readonly name: string = 'UnknownClassError'
  /** The dotted name, or the JavaScript name of the class without one. */
  readonly className: string

  constructor(className: string, message: string) {
    super(message)
    this.className = className
  }
}
