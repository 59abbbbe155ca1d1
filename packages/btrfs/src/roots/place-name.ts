import type { RawPath } from '../stream/command.ts'
import { textOf } from '../subvolume/raw-text.ts'

/** What a path below a directory is called, for people. @param directory - as a root is called: `user@host:/path` */
export function nameBelow(directory: string, path: RawPath): string {
  return path === '' ? directory : `${directory}${directory.endsWith('/') ? '' : '/'}${textOf(path)}`
}

/** A place for messages: its name, and what a person wrote only where the name does not show it, as behind a link. */
export function placeName(name: string, written: string): string {
  return name.endsWith(written.replace(/(?<=.)\/+$/, '')) ? name : `${written} (${name})`
}
