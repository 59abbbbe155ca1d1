/** Values inside values that are written and read by default. */
export const defaultMaxDepth = 1000

/** Bytes of a text that is read by default. */
export const defaultMaxBytes: number = 256 * 1024 * 1024

/** Digits of one number. Python 2 and JavaScript both take time that grows faster than the number. */
export const maxDigits = 100_000
