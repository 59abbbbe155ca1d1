/** How a value is written. */
export interface DumpOptions {
  /**
   * Says which objects are written as a reference instead of by value, and under which id. Called once for each place of each object; the value
   * that is dumped itself is asked about too, as the original does.
   */
  readonly persistentId?: ((object: object) => string | undefined) | undefined
  /** Reads what was written and writes it again; throws a `PicklingError` if that differs. Default false. */
  readonly verify?: boolean | undefined
  /** Values inside values, default 1000; 200 for YAML. */
  readonly maxDepth?: number | undefined
}

/** How a value is read. */
export interface LoadOptions {
  /** Gives the object of an id. Without it, references to objects elsewhere are an error. */
  readonly persistentLoad?: ((id: string) => unknown) | undefined
  /**
   * Keeps what JavaScript has no type for as `PyFloat`, `PyInt`, `PyUnicode` and `PyString`, so that writing the value again gives the same bytes.
   * Default false: numbers and strings.
   */
  readonly preserve?: boolean | undefined
  /** An object without anything in it, of the class that the pickle names: the value becomes this very object, which others may know already. */
  readonly into?: object | undefined
  /** Values inside values, default 1000; 200 for YAML. */
  readonly maxDepth?: number | undefined
  /** Bytes of the text, default 256 MiB; 32 MiB for YAML. */
  readonly maxBytes?: number | undefined
}

/**
 * Turns values into text and back. Only classes of the pickler's registry are written and read; text never runs code.
 *
 * Values are what JavaScript has: null, booleans, numbers, bigints, strings, `Uint8Array`, arrays, plain objects, `Map`, `Set`, `Date`, and objects
 * of registered classes; shared references and cycles stay what they are.
 */
export interface Pickler {
  /** `xml`, `json` or `yaml`. */
  readonly name: string
  /** Of files, with the dot. */
  readonly extension: string
  /** @returns UTF-8 text, the same for the same value; @throws PicklingError naming the place of what cannot be written */
  dump(value: unknown, options?: DumpOptions): Uint8Array
  /** @throws UnpicklingError naming line and column */
  load(text: Uint8Array | string, options?: LoadOptions): unknown
}
