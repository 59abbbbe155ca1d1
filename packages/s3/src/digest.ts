import { createHash } from 'node:crypto'

export function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest()
}

export function md5Base64(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

/** The etag, without quotes, of an object that was sent in parts with these MD5s. */
export function multipartEtag(parts: readonly Uint8Array[]): string {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return `${hash.digest('hex')}-${parts.length}`
}

/** Reads content once and tells the etag that it has as an object in parts of `partSize` bytes; `0`: in one piece. */
export class EtagOfContent {
  readonly #partSize: number
  readonly #done: Buffer[] = []
  #hash = createHash('md5')
  #inPart = 0

  constructor(partSize: number) {
    this.#partSize = partSize
  }

  update(chunk: Uint8Array): void {
    let rest = chunk
    while (this.#partSize > 0 && this.#inPart + rest.length > this.#partSize) {
      const room = this.#partSize - this.#inPart
      this.#hash.update(rest.subarray(0, room))
      rest = rest.subarray(room)
      this.#done.push(this.#hash.digest())
      this.#hash = createHash('md5')
      this.#inPart = 0
    }
    this.#hash.update(rest)
    this.#inPart += rest.length
  }

  /** Without quotes. */
  digest(): string {
    const last = this.#hash.digest()
    return this.#partSize === 0 ? last.toString('hex') : multipartEtag([...this.#done, last])
  }
}
