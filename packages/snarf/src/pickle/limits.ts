/** Values inside values that are written and read by default. */
export const defaultMaxDepth = 1000

/** Bytes of a text that is read by default. */
export const defaultMaxBytes: number = 256 * 1024 * 1024

/** Digits of one number. Python 2 and JavaScript both take time that grows faster than the number. */
export const maxDigits = 100_000

/** The digits of an integer. @throws TypeError if they are more than can be read again */
export function digitsOf(value: bigint): string {
  const digits = String(value)
  if (digits.length > maxDigits) throw new TypeError(`an integer of ${digits.length} digits cannot be pickled; ${maxDigits} can`)
  return digits
}

/** Values inside values of YAML: its reader calls itself many times for each. */
export const defaultMaxYamlDepth = 200

/** Bytes of YAML that are read by default: its reader needs some hundred times as much memory. */
export const defaultMaxYamlBytes: number = 32 * 1024 * 1024

/** Lists and mappings inside each other that so many values can take: `{"$id": 1, "$map": [[key, value]]}` is one value. */
export function syntaxDepth(maxDepth: number): number {
  return 3 * maxDepth + 3
}
