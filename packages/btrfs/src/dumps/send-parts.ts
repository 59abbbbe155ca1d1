import { StorageError, type Bytes, type Path, type Upload } from '@syncline/core'

/** Parts of one dump on their way at a time: each is in memory. */
const partsInFlight = 4

/** S3's limit: the store would refuse the next one, and say so in words that help nobody. */
const mostParts = 10_000

/**
 * Puts content into an upload, part by part, to its end.
 *
 * What the upload has already is given to it as well: by the protocol it compares, and sends only what differs. So after a restart the parts that the
 * new send made in the same way are left out, and the others replaced.
 *
 * @param path - for messages
 * @returns how many parts there are
 */
export async function sendParts(content: Bytes, upload: Upload, path: Path, signal: AbortSignal | undefined): Promise<number> {
  const { partSize } = upload
  const most = upload.sequential === true ? 1 : partsInFlight
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  let index = 0
  const put = async (part: Uint8Array): Promise<void> => {
    if (index === mostParts && upload.sequential !== true)
      throw new StorageError(
        'NOT_SUPPORTED',
        `${path} has more than ${mostParts} parts of ${partSize} bytes; end this upload and open the storage with larger parts (\`partSize\`)`,
        { path },
      )
    const putting: Promise<void> = upload
      .put(index++, part, { signal })
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => underWay.delete(putting))
    underWay.add(putting)
    while (underWay.size >= most) await Promise.race(underWay)
    rethrow()
  }
  // Set in a callback, which the compiler cannot see.
  const rethrow = (): void => {
    if (failure !== undefined) throw failure.error
  }
  try {
    let part = new Uint8Array(partSize)
    let filled = 0
    for await (const chunk of content) {
      for (let at = 0; at < chunk.length;) {
        const piece = chunk.subarray(at, at + partSize - filled)
        part.set(piece, filled)
        filled += piece.length
        at += piece.length
        if (filled < partSize) continue
        await put(part)
        // Not the same buffer again: the one before is on its way.
        part = new Uint8Array(partSize)
        filled = 0
      }
    }
    if (filled > 0) await put(part.subarray(0, filled))
  } finally {
    await Promise.all(underWay)
  }
  rethrow()
  return index
}
