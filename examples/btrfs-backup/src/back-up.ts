import { btrfs } from '@syncline/btrfs'
import { syncPair, type SyncResult } from '@syncline/core'
import { fs, processOwner } from '@syncline/fs'
import { s3, type S3Options } from '@syncline/s3'

/**
 * Brings what is new or changed in a subvolume to a bucket, all of it as it was at one moment. What was deleted stays in the bucket.
 *
 * Nothing is stopped meanwhile: the sync reads a snapshot.
 */
export async function backUp(subvolume: string, bucket: S3Options, state: string): Promise<SyncResult> {
  const source = await btrfs(subvolume)
  const destination = s3(bucket)
  try {
    return await syncPair({ source, destination, state: fs(state) }, { mode: 'source-backup', owner: processOwner() })
  } finally {
    await source.close?.()
    await destination.close?.()
  }
}
