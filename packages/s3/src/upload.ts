import { type AbortOptions, type FileEntry, type Path, StorageError, type Upload, type WriteOptions } from '@syncline/core'
import { md5 } from './digest.ts'
import {
  abortMultipart,
  completeMultipart,
  createMultipart,
  type Multipart,
  partSizeFor,
  putEmptyPart,
  putPart,
  storedParts,
  type StoredPart,
} from './multipart.ts'
import { keyOf, rootError, type Site } from './site.ts'

/** Begins an upload that survives this process, or goes on with one. */
export async function upload(site: Site, path: Path, options: WriteOptions & { readonly resume?: string } = {}): Promise<Upload> {
  const { signal, resume, size } = options
  signal?.throwIfAborted()
  keyOf(site, path)
  if (path === '') throw rootError(site, 'write to')
  if (resume === undefined) {
    const { size: _size, signal: _signal, resume: _resume, ...asked } = options
    return new S3Upload(site, await createMultipart(site, path, options, partSizeFor(site, size)), asked, new Map())
  }
  const token = readToken(resume)
  if (token === undefined || token.path !== path)
    throw new StorageError('NOT_FOUND', `${site.name} knows no upload of ${path} that goes by this token`, { path })
  const { asked, ...multipart } = token
  return new S3Upload(site, multipart, asked, await storedParts(site, multipart, signal))
}

type Asked = Omit<WriteOptions, 'size' | 'signal'>

class S3Upload implements Upload {
  readonly token: string
  readonly partSize: number
  readonly #site: Site
  readonly #multipart: Multipart
  readonly #asked: Asked
  readonly #parts: Map<number, StoredPart>

  constructor(site: Site, multipart: Multipart, asked: Asked, parts: Map<number, StoredPart>) {
    this.#site = site
    this.#multipart = multipart
    this.#asked = asked
    this.#parts = parts
    this.partSize = multipart.partSize
    this.token = writeToken({ ...multipart, asked })
  }

  async stored({ signal }: AbortOptions = {}): Promise<readonly number[]> {
    signal?.throwIfAborted()
    return [...this.#parts.keys()].sort((a, b) => a - b)
  }

  async put(index: number, part: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    const digest = md5(part)
    const stored = this.#parts.get(index)
    if (stored?.etag === digest.toString('hex') && stored.size === part.length) {
      this.#parts.set(index, { ...stored, md5: digest })
      return
    }
    this.#parts.set(index, await putPart(this.#site, this.#multipart, index, part, digest, signal))
  }

  async complete({ signal }: AbortOptions = {}): Promise<FileEntry> {
    signal?.throwIfAborted()
    const { path } = this.#multipart
    if (this.#parts.size === 0) this.#parts.set(0, await putEmptyPart(this.#site, this.#multipart, signal))
    const parts: StoredPart[] = []
    for (let index = 0; index < this.#parts.size; index++) {
      const part = this.#parts.get(index)
      if (part === undefined) throw new StorageError('CORRUPT', `part ${index} of ${path} was not put`, { path })
      parts.push(part)
    }
    return await completeMultipart(this.#site, this.#multipart, parts, { ...this.#asked, signal })
  }

  async abort(): Promise<void> {
    await abortMultipart(this.#site, this.#multipart)
  }
}

interface Token extends Multipart {
  readonly asked: Asked
}

function writeToken({ path, uploadId, partSize, asked }: Token): string {
  return Buffer.from(JSON.stringify({ path, uploadId, partSize, asked })).toString('base64url')
}

function readToken(text: string): Token | undefined {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Partial<Token> | null
    if (typeof token !== 'object' || token === null) return undefined
    const { path, uploadId, partSize, asked } = token
    if (typeof path !== 'string' || typeof uploadId !== 'string' || uploadId === '' || typeof asked !== 'object' || asked === null) return undefined
    return Number.isSafeInteger(partSize) && (partSize as number) > 0 ? { path, uploadId, partSize: partSize as number, asked } : undefined
  } catch {
    return undefined
  }
}
