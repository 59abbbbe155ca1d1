import type { FamilyOptionValues } from '@syncline/core'

/** The options of one call of a family's command. */
export class FamilyValues implements FamilyOptionValues {
  readonly #given: { readonly name: string; readonly value: string }[] = []

  /** Adds a value; an option without a value adds "". */
  add(name: string, value: string): void {
    this.#given.push({ name, value })
  }

  has(name: string): boolean {
    return this.#given.some(given => given.name === name)
  }

  text(name: string): string | undefined {
    return this.#given.findLast(given => given.name === name)?.value
  }

  list(name: string): readonly string[] {
    return this.#given.filter(given => given.name === name).map(({ value }) => value)
  }

  last(...names: readonly string[]): string | undefined {
    return this.#given.findLast(({ name }) => names.includes(name))?.name
  }
}
