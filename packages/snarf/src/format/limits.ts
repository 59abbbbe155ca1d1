/** What a reader accepts at most. An archive may come from anywhere, and a few bytes of it can claim anything. */
export interface SnarfLimits {
  /** Files and directories, those that paths only imply among them; default 1,000,000. */
  readonly entries?: number
  /** Bytes of all files together; default 2^53 - 1, the largest exact number. */
  readonly bytes?: number
  /** UTF-8 bytes of one path; default 4096, as on Linux. */
  readonly pathBytes?: number
}

/** Limits with the defaults filled in. */
export function limitsOf({ entries = 1_000_000, bytes = Number.MAX_SAFE_INTEGER, pathBytes = 4096 }: SnarfLimits = {}): Required<SnarfLimits> {
  for (const [name, value] of Object.entries({ entries, bytes, pathBytes }))
    if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`limits.${name} must be a positive integer, got ${value}`)
  return { entries, bytes, pathBytes }
}
