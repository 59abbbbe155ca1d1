import type { AbortOptions, Bytes } from '@syncline/core'
import { BtrfsError, failureOf } from './btrfs-error.ts'
import { lineOn, type Host } from './host.ts'
import { lentChunks } from './lent-chunks.ts'
import { openPipe, withPipe } from './pipe.ts'
import type { Command } from './quote.ts'
import type { SendFlow } from './root.ts'

/**
 * What a command prints, as a flow. The command starts when the reading does. The flow throws when the command fails, and when the reader leaves, the
 * command is ended.
 *
 * @param what - what is done, as the start of a sentence
 */
export function sendFlow(host: Host, what: string, command: Command, { signal }: AbortOptions): SendFlow {
  let resolve: () => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const done = new Promise<void>((...settle) => ([resolve, reject] = settle))
  done.catch(() => undefined)
  async function* read(lends: boolean): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      signal?.throwIfAborted()
      const pipe = lends ? await openPipe('reading') : undefined
      const running = await withPipe(pipe, output => host.start(command, { signal, output }))
      const chunks: Bytes = pipe === undefined ? running.stdout : lentChunks(pipe.ours)
      let isComplete = false
      try {
        yield* chunks
        isComplete = true
      } finally {
        if (!isComplete) running.kill()
        running.stdout.destroy()
        const failure = failureOf(lineOn(host, command), await running.ended)
        if (failure === undefined) resolve()
        else reject(new BtrfsError(what, [failure]))
      }
      signal?.throwIfAborted()
      await done
    } catch (error) {
      reject(error)
      throw error
    }
  }
  return { bytes: read(false), lent: read(true), done }
}
