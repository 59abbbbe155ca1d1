/** How a run ended, as a process exit code. One meaning each. */
export const ExitCode = {
  /** Done. */
  OK: 0,
  /** Unexpected failure. */
  FAILURE: 1,
  /** Usage or configuration error, nothing touched. */
  USAGE: 2,
  /** Finished, some paths failed or could not be read. */
  PARTIAL: 3,
  /** Finished, conflicts wait for a decision. */
  CONFLICTS: 4,
  /** Refused by a guard before any change. */
  REFUSED: 5,
  /** Endpoint unreachable, missing or not authorised. */
  UNREACHABLE: 6,
  /** Locked by another run. */
  LOCKED: 7,
  /** Stale plan items were skipped. */
  STALE: 8,
  /** Stopped by a limit. */
  LIMIT: 9,
  /** `plan --exit-code`: there are changes. */
  CHANGES: 10,
  /** Interrupted by SIGINT, state saved. */
  INTERRUPTED: 130,
  /** Interrupted by SIGTERM, state saved. */
  TERMINATED: 143,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

const byGravity: readonly ExitCode[] = [1, 6, 5, 3, 4, 8, 9]

/** The gravest of several: 1 > 6 > 5 > 3 > 4 > 8 > 9, and 0 if there is none. */
export function gravestExitCode(codes: readonly ExitCode[]): ExitCode {
  return byGravity.find(code => codes.includes(code)) ?? codes.find(code => code !== 0) ?? 0
}
