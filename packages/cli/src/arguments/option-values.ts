import { optionTable, type OptionName } from './option-table.ts'

/** The options of one call, as written. */
export class OptionValues {
  readonly #given = new Map<OptionName, string[]>()

  /** Adds a value; an option without a value adds "". The last value of an option that is not repeatable wins. */
  add(name: OptionName, value = ''): void {
    const values = this.#given.get(name)
    if (values !== undefined && optionTable[name].repeatable === true) values.push(value)
    else this.#given.set(name, [value])
  }

  /** Whether the option was given. */
  has(name: OptionName): boolean {
    return this.#given.has(name)
  }

  /** Its last value. */
  text(name: OptionName): string | undefined {
    return this.#given.get(name)?.at(-1)
  }

  /** Its values in the order given. */
  list(name: OptionName): readonly string[] {
    return this.#given.get(name) ?? []
  }

  /** The names given, in the order of their first mention. */
  names(): readonly OptionName[] {
    return [...this.#given.keys()]
  }
}
