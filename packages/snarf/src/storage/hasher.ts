/** Computes a digest piece by piece. */
export interface Hasher {
  update(content: Uint8Array): unknown
  digest(encoding: 'hex'): string
}

interface Crypto {
  createHash(name: 'sha256'): Hasher
}

/**
 * Makes a SHA-256 where the runtime has one that takes content piece by piece; `undefined` elsewhere.
 *
 * The digest of the Web takes whole contents only, which may not fit into memory. Asked for by name at run time, so that a browser can load this file.
 */
export function sha256(): Hasher | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  return (process?.getBuiltinModule?.('node:crypto') as Crypto | undefined)?.createHash('sha256')
}
