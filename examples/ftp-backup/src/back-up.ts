import { syncPair, type SyncResult } from '@syncline/core'
import { fs, processOwner } from '@syncline/fs'
import { ftp, type FtpOptions } from '@syncline/ftp'

/** Brings what is new or changed at `place` to `directory`. What was deleted there stays here. */
export async function backUp(place: FtpOptions, directory: string, state: string): Promise<SyncResult> {
  // An account that may only read is enough: nothing is tried out on the server.
  const source = await ftp({ probe: 'never', ...place })
  try {
    return await syncPair({ source, destination: fs(directory), state: fs(state) }, { mode: 'source-backup', owner: processOwner() })
  } finally {
    await source.close?.()
  }
}
