import type { Json } from '@syncline/core'

/** How `If-Match` of a PUT has to be written; `false`: it is ignored or always refused. */
export type IfMatchForm = 'quoted' | 'bare' | false

/** What a server was seen to do. */
export interface ServerFacts {
  readonly putIfNoneMatch: boolean
  readonly putIfMatch: IfMatchForm
  readonly removeIfMatch: boolean
  readonly completeIfNoneMatch: boolean
  readonly completeIfMatch: IfMatchForm
  readonly copyIfNoneMatch: boolean
  readonly copyIfMatch: IfMatchForm
  readonly copySourceIfMatch: boolean
  /** An etag of 32 hex digits is the MD5 of the content. */
  readonly md5Etags: boolean
  /** The server makes a CRC64NVME of every object. */
  readonly crc64nvme: boolean
}

const version = 1

/** What is known of the server by now: learned by trying, or remembered from an earlier run. */
export class Facts {
  readonly #of: string
  readonly #md5Etags: boolean | undefined
  #server: ServerFacts | undefined
  #sampledMd5Etags: boolean | undefined
  #isAssumed = false

  /**
   * @param of - what the facts hold for: bucket, endpoint, encryption
   * @param md5Etags - what the user says
   */
  constructor(of: string, md5Etags: boolean | undefined) {
    this.#of = of
    this.#md5Etags = md5Etags
  }

  get server(): ServerFacts | undefined {
    return this.#server
  }

  /** `undefined` while nobody knows. */
  get md5Etags(): boolean | undefined {
    return this.#md5Etags ?? this.#server?.md5Etags ?? this.#sampledMd5Etags
  }

  /** Whether the server decides every condition by itself. */
  get conditional(): boolean {
    const known = this.#server
    if (known === undefined) return false
    const { putIfNoneMatch, putIfMatch, removeIfMatch, completeIfNoneMatch, completeIfMatch, copyIfNoneMatch, copyIfMatch } = known
    return (
      putIfNoneMatch &&
      putIfMatch !== false &&
      removeIfMatch &&
      completeIfNoneMatch &&
      completeIfMatch !== false &&
      copyIfNoneMatch &&
      copyIfMatch !== false
    )
  }

  learn(server: ServerFacts): void {
    this.#server = server
  }

  /** For this process only: not to be remembered. */
  assume(server: ServerFacts): void {
    this.#server = server
    this.#isAssumed = true
  }

  /** Of one object of the bucket. */
  sample(md5Etags: boolean): void {
    this.#sampledMd5Etags = md5Etags
  }

  /** Takes over what was known before, if it holds for this bucket. */
  recall(facts: Json): void {
    if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) return
    const stored = facts as { readonly [name: string]: Json }
    if (stored['version'] !== version || stored['of'] !== this.#of) return
    const { server } = stored
    if (typeof server === 'object' && server !== null && isComplete(server as Partial<ServerFacts>)) this.#server = server as unknown as ServerFacts
  }

  toJson(): Json | undefined {
    return this.#server === undefined || this.#isAssumed ? undefined : { version, of: this.#of, server: { ...this.#server } }
  }
}

const forms: ReadonlySet<unknown> = new Set(['quoted', 'bare', false])

function isComplete(facts: Partial<ServerFacts>): boolean {
  const { putIfMatch, completeIfMatch, copyIfMatch, ...rest } = facts
  const flags = [
    rest.putIfNoneMatch,
    rest.removeIfMatch,
    rest.completeIfNoneMatch,
    rest.copyIfNoneMatch,
    rest.copySourceIfMatch,
    rest.md5Etags,
    rest.crc64nvme,
  ]
  return flags.every(flag => typeof flag === 'boolean') && [putIfMatch, completeIfMatch, copyIfMatch].every(form => forms.has(form))
}
