import type { Duplex } from 'node:stream'

/** What `ssh2` gives a channel, and half of it, at which it gives more. */
const plainWindow = 2 * 1024 * 1024
const wideWindow = 16 * 1024 * 1024

/** The receiving window of a channel. */
export interface ChannelWindow {
  /** Bytes that can be on their way without the channel stopping. */
  readonly bytes: number
  /** Keeps it open; called for everything that arrives. */
  widen(): void
}

/** Parts of a channel of `ssh2` that are not documented. Looked for, never relied on. */
interface Internals {
  readonly incoming?: { window?: unknown }
  readonly outgoing?: { readonly id?: unknown }
  readonly _client?: { readonly _protocol?: { readonly channelWindowAdjust?: unknown } }
}

/**
 * Widens the window of a channel.
 *
 * `ssh2` has 2 MiB, opened again when half of it is used: at 20 ms that is 50 MiB/s at most, and more unanswered bytes than that stop the
 * channel. A version without these parts keeps its own window, and reads stay below half of it.
 */
export function openWindow(stream: Duplex): ChannelWindow {
  const { incoming, outgoing, _client: client } = stream as Internals
  const protocol = client?._protocol
  const adjust = protocol?.channelWindowAdjust
  const id = outgoing?.id
  if (typeof incoming?.window !== 'number' || typeof id !== 'number' || typeof adjust !== 'function') {
    return { bytes: plainWindow / 2, widen: () => undefined }
  }
  const widen = (): void => {
    const window = incoming.window as number
    if (window > wideWindow / 2) return
    incoming.window = wideWindow
    ;(adjust as (id: number, bytes: number) => void).call(protocol, id, wideWindow - window)
  }
  widen()
  return { bytes: wideWindow / 2, widen }
}
