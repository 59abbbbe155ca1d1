/** A value of a Python type that JavaScript cannot tell from another. */
export abstract class PyValue<T extends bigint | number | string> {
  readonly value: T

  constructor(value: T) {
    this.value = value
    Object.freeze(this)
  }

  valueOf(): T {
    return this.value
  }

  toString(): string {
    return String(this.value)
  }
}

/** A Python `float`. Needed where JavaScript cannot tell: `1` is written as `<int>1</int>`, `new PyFloat(1)` as `<float>1.0</float>`. */
export class PyFloat extends PyValue<number> {}

/** A Python `int` that is no safe integer in JavaScript. (A bigint is a Python `long`, another type.) */
export class PyInt extends PyValue<bigint> {}

/** A Python `unicode` with an identity: it stays one where its text would be written as `str`, and two places can hold the same one. */
export class PyUnicode extends PyValue<string> {}

/** A Python `str` of text with an identity: two places can hold the same one. Printable ASCII, tabs and line breaks only; other bytes are a `Uint8Array`. */
export class PyString extends PyValue<string> {
  constructor(value: string) {
    if (!/^[\t\n\r\x20-\x7e]*$/.test(value))
      throw new TypeError(`a PyString holds printable ASCII, got ${JSON.stringify(value)}; use PyUnicode or Uint8Array`)
    super(value)
  }
}

/** A Python `tuple`: an array that cannot be changed. */
export class PyTuple<T = unknown> extends Array<T> {
  constructor(items: Iterable<T>) {
    super()
    for (const item of items) this.push(item)
    Object.freeze(this)
  }

  /** `map`, `filter` and the like give ordinary arrays. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }

  /** A tuple whose items are still to come, so that they can refer to it. To be frozen when they are there. */
  static open<T>(): PyTuple<T> {
    return Reflect.construct(Array, [], PyTuple) as PyTuple<T>
  }
}

/** A Python `complex`. */
export class PyComplex {
  readonly real: number
  readonly imaginary: number

  constructor(real: number, imaginary: number) {
    this.real = real
    this.imaginary = imaginary
    Object.freeze(this)
  }
}

/** A Python `decimal.Decimal`, as the text it was made from: no digit is lost. */
export class PyDecimal {
  readonly text: string

  constructor(text: string) {
    if (!/^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?|Inf(?:inity)?|s?NaN\d*)$/i.test(text))
      throw new TypeError(`no decimal number: ${JSON.stringify(text)}`)
    this.text = text
    Object.freeze(this)
  }

  toString(): string {
    return this.text
  }
}

/** A Python `datetime.date`: a day without a time. */
export class PyDate {
  readonly year: number
  /** From 1. */
  readonly month: number
  readonly day: number

  constructor(year: number, month: number, day: number) {
    const date = new Date(0)
    date.setUTCFullYear(year, month - 1, day)
    const isDay = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    if (!isDay || year < 1 || year > 9999) throw new TypeError(`no day of the years 1 to 9999: ${year}-${month}-${day}`)
    this.year = year
    this.month = month
    this.day = day
    Object.freeze(this)
  }
}

/** A Python `datetime.datetime` with microseconds that a `Date` cannot hold. */
export class PyDateTime extends Date {
  /** What comes after the milliseconds: 0 to 999. */
  readonly microseconds: number

  constructor(milliseconds: number, microseconds: number) {
    super(milliseconds)
    if (!Number.isInteger(microseconds) || microseconds < 0 || microseconds > 999)
      throw new TypeError(`microseconds must be an integer from 0 to 999, got ${microseconds}`)
    this.microseconds = microseconds
  }
}

/** A Python `frozenset`. */
export class PyFrozenSet<T = unknown> extends Set<T> {}

/** A Python `collections.OrderedDict`: its order is kept, where the items of other dictionaries are sorted. */
export class PyOrderedDict<K = unknown, V = unknown> extends Map<K, V> {}

/** A Python `bytearray`, whose bytes can change. (A `Uint8Array` is a `str`.) */
export class PyByteArray extends Uint8Array {}
