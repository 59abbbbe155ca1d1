import type { ReadableStorage } from '../protocol.ts'

/**
 * Identity of a pair: 16 hex digits from the names of both storages. The order matters: source and destination exchanged are another pair.
 */
export async function pairId(source: ReadableStorage, destination: ReadableStorage): Promise<string> {
  // As JSON, because a separator could be part of a name.
  const text = new TextEncoder().encode(JSON.stringify([source.name, destination.name]))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text))
  return Array.from(digest.subarray(0, 8), byte => byte.toString(16).padStart(2, '0')).join('')
}
