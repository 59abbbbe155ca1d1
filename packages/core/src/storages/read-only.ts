import type { ReadableStorage } from '../protocol.ts'
import { decorateReadable } from './decorate.ts'

/**
 * A storage that can only be read: the methods that write do not exist on it.
 *
 * @example
 * const source = readOnly(directory('/srv/photos')) // the compiler now refuses it as a destination
 */
export function readOnly(storage: ReadableStorage): ReadableStorage {
  return decorateReadable(storage)
}
