import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'

/** As much as a pipe of Linux holds, so that a read empties it. */
const chunkBytes = 64 * 1024
/** Chunks that are read ahead. All together fit into the caches of a processor, which is what makes the difference. */
const chunksAhead = 8

/**
 * What comes out of a pipe, always in the same memory: a chunk is there until the next one is asked for.
 *
 * @param end - file descriptor of the end for reading, which is closed when the reader leaves or all was read
 */
export async function* lentChunks(end: number): AsyncGenerator<Uint8Array, void, undefined> {
  const memory = Buffer.allocUnsafeSlow(chunksAhead * chunkBytes)
  const slots = Array.from({ length: chunksAhead }, (_, at) => memory.subarray(at * chunkBytes, (at + 1) * chunkBytes))
  /** Slots that were read into, the one that is lent out included, in order. The next to be read into follows them, round and round. */
  const filled: Buffer[] = []
  let next = 0
  let isOver = false
  let failure: Error | undefined
  let wake = (): void => {}
  // The declarations have it for `connect` only, where it does the same.
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
    fd: end,
    writable: false,
    onread: {
      buffer: () => slots[next] as Buffer,
      callback: length => {
        filled.push((slots[next] as Buffer).subarray(0, length))
        next = (next + 1) % chunksAhead
        wake()
        return filled.length < chunksAhead
      },
    },
  }
  const socket = new Socket(options)
  const finish = (): void => {
    isOver = true
    wake()
  }
  socket.on('end', finish).on('close', finish)
  socket.on('error', error => (failure = error))
  socket.resume()
  try {
    for (;;) {
      while (filled.length === 0 && !isOver) await new Promise<void>(resolve => (wake = resolve))
      const [chunk] = filled
      if (chunk === undefined) break
      yield chunk
      const wasFull = filled.length === chunksAhead
      filled.shift()
      if (wasFull) socket.resume()
    }
    if (failure !== undefined) throw failure
  } finally {
    socket.destroy()
  }
}
