import type { ExitCode } from '@syncline/core'

/** What each exit code means; one meaning each. */
export const exitCodeTable: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'unexpected failure',
  2: 'usage or configuration error, nothing was touched',
  3: 'finished, some paths failed or could not be read; doctor: a promise is broken',
  4: 'finished, conflicts wait for a decision',
  5: 'refused by a guard before any change',
  6: 'a place is unreachable, missing or not authorised',
  7: 'locked by another run',
  8: 'items of the plan no longer fitted and were skipped',
  9: 'stopped by a limit',
  10: 'plan --exit-code: there is something to do; check: the places differ',
  130: 'interrupted (SIGINT), what was done is kept',
  143: 'terminated (SIGTERM), what was done is kept',
}

/** Which code wins if several apply. */
export const exitCodeOrder = '1 > 6 > 5 > 3 > 4 > 8 > 9'
