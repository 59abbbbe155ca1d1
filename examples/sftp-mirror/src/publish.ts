import { syncPair, type Plan, type SyncResult } from '@syncline/core'
import { fs, processOwner } from '@syncline/fs'
import { sftp, type SftpOptions } from '@syncline/sftp'

/** Makes `place` the same as the directory `site`, if `agree` says yes to what that would change. */
export async function publish(site: string, place: SftpOptions, state: string, agree: (summary: string) => Promise<boolean>): Promise<SyncResult> {
  const destination = await sftp(place)
  try {
    return await syncPair(
      { source: fs(site), destination, state: fs(state) },
      { mode: 'source-to-destination', owner: processOwner(), confirm: plan => agree(summaryOf(plan)) },
    )
  } finally {
    await destination.close?.()
  }
}

function summaryOf({ counts }: Plan): string {
  return `${counts.uploads} to send, ${counts.deletesDestination} to remove, ${counts.unchanged} up to date`
}
