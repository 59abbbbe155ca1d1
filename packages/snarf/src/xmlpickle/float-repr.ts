/**
 * A number as Python 2.7 writes it: the fewest digits that read back as the same number.
 *
 * @example
 * pyFloatRepr(1) // '1.0'
 * pyFloatRepr(1e16) // '1e+16'
 */
export function pyFloatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size >= 1e-4 && size < 1e16) {
    // From 1e-6 up to 1e21 JavaScript writes the same digits without an exponent.
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const sign = exponent.startsWith('-') ? '-' : '+'
  return `${digits}e${sign}${exponent.slice(1).padStart(2, '0')}`
}

/** The number of a text that Python's `float` takes; undefined if it is none. */
export function parsePyFloat(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed)
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(trimmed)
  if (special === null) return undefined
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN
  return special[1] === '-' ? -Infinity : Infinity
}
