import { createHash } from 'node:crypto'
import type { Bytes } from '@syncline/core'

/** Where a synchronizer writes the body of an object. Text is written as UTF-8. */
export interface Writeable {
  /** A promise resolves when more can be taken. Small bodies need not wait for it. The chunk is not used after it is settled. */
  write(chunk: Uint8Array | string): void | Promise<void>
}

/** What can write a body. */
export interface Dumper {
  dump(writeable: Writeable): void | Promise<void>
}

const utf8 = new TextEncoder()
const nothing = new Uint8Array(0)

/** Size and SHA-256 of a body: equal only for equal bodies. */
export type Digest = string

/** Computes a {@link Digest} piece by piece. */
export class DigestMeter {
  readonly #hash = createHash('sha256')
  #size = 0

  add(bytes: Uint8Array): void {
    this.#size += bytes.length
    this.#hash.update(bytes)
  }

  /** Of all pieces; called once. */
  digest(): Digest {
    return `${this.#size}:${this.#hash.digest('hex')}`
  }
}

/** The digest of what an object would write now. */
export async function digestOfDump(dumper: Dumper): Promise<Digest> {
  const meter = new DigestMeter()
  await dumper.dump({ write: chunk => meter.add(typeof chunk === 'string' ? utf8.encode(chunk) : chunk) })
  return meter.digest()
}

/** The digest of a file. */
export async function digestOfBytes(content: Bytes): Promise<Digest> {
  const meter = new DigestMeter()
  for await (const chunk of content) meter.add(chunk)
  return meter.digest()
}

/** The digest of bytes in memory. */
export function digestOf(content: Uint8Array): Digest {
  const meter = new DigestMeter()
  meter.add(content)
  return meter.digest()
}

/** Everything an object writes, in memory; `undefined` if that is more than `maximum` bytes. */
export async function dumpBytes(dumper: Dumper, maximum: number = Infinity): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  await dumper.dump({
    write(chunk) {
      const bytes = typeof chunk === 'string' ? utf8.encode(chunk) : chunk.slice()
      size += bytes.length
      if (size <= maximum) chunks.push(bytes)
      else chunks.length = 0
    },
  })
  return size > maximum ? undefined : concat(chunks, size)
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** Bytes that are kept before a body is sent as a stream. */
const spoolBytes = 1024 * 1024

/**
 * Writes what an object dumps: in one piece if it is small, else as a stream whose memory is bounded as long as the object waits for its writes.
 *
 * @param send - given the whole body, or a stream of it
 */
export async function sendDump(dumper: Dumper, send: (content: Uint8Array | Bytes) => Promise<void>): Promise<void> {
  const chunks: Uint8Array[] = []
  let size = 0
  let pipe: Pipe | undefined
  let sending: Promise<void> | undefined
  try {
    await dumper.dump({
      write(chunk) {
        // A copy, because the object may use its buffer again.
        const bytes = typeof chunk === 'string' ? utf8.encode(chunk) : chunk.slice()
        if (pipe !== undefined) return pipe.push(bytes)
        chunks.push(bytes)
        size += bytes.length
        if (size <= spoolBytes) return
        const started = new Pipe()
        pipe = started
        sending = send(started.content())
        sending.catch((error: unknown) => started.fail(error))
        return started.push(concat(chunks.splice(0), size))
      },
    })
  } catch (error) {
    // The stream must fail as well, or half a body would be stored as a whole one.
    pipe?.abort(error)
    await sending?.catch(() => undefined)
    throw error
  }
  if (pipe === undefined) return send(chunks.length === 0 ? nothing : concat(chunks, size))
  pipe.end()
  await sending
}

/** One writer, one reader. */
class Pipe {
  readonly #queue: Uint8Array[] = []
  #waiting = 0
  #isEnded = false
  #failure: { readonly error: unknown } | undefined
  #abortion: { readonly error: unknown } | undefined
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  async push(chunk: Uint8Array): Promise<void> {
    this.#requireReader()
    this.#queue.push(chunk)
    this.#waiting += chunk.length
    this.#wakeReader?.()
    while (this.#waiting > spoolBytes && this.#failure === undefined) await new Promise<void>(resolve => (this.#wakeWriter = resolve))
    this.#requireReader()
  }

  #requireReader(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** The reader is gone: writers are told. */
  fail(error: unknown): void {
    this.#failure = { error }
    this.#wakeWriter?.()
  }

  /** The writer is gone: the reader is told. */
  abort(error: unknown): void {
    this.#abortion = { error }
    this.#wakeReader?.()
  }

  end(): void {
    this.#isEnded = true
    this.#wakeReader?.()
  }

  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      if (this.#abortion !== undefined) throw this.#abortion.error
      const chunk = this.#queue.shift()
      if (chunk !== undefined) {
        this.#waiting -= chunk.length
        this.#wakeWriter?.()
        yield chunk
      } else if (this.#isEnded) return
      else await new Promise<void>(resolve => (this.#wakeReader = resolve))
    }
  }
}
