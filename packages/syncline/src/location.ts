import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a person's words for a place mean. */
export type Location = { readonly kind: 'path'; readonly path: string } | { readonly kind: 'url'; readonly url: URL; readonly scheme: string }

/**
 * Tells paths from URLs: `./notes`, `/mnt/usb`, `C:\notes` and `file:///mnt` are paths, `s3://bucket` is a URL.
 *
 * A relative path with a colon in its first name has to be written with `./` in front.
 *
 * @param directory - what relative paths are relative to
 * @throws TypeError if it is neither, or if it holds a password, which would show in the list of processes
 */
export function parseLocation(text: string, directory: string): Location {
  if (text === '') throw new TypeError('the name of a place is empty')
  if (text.includes('\0')) throw new TypeError('the name of a place has a NUL character')
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase()
  // One letter is a Windows drive.
  if (scheme === undefined) return { kind: 'path', path: resolve(directory, text) }
  const url = parseUrl(text, scheme)
  if (url.password !== '') {
    throw new TypeError(
      `the URL of ${scheme}://${url.host} holds a password, which would show in the list of processes; leave it out and use a key, an agent or the environment`,
    )
  }
  return scheme === 'file' ? { kind: 'path', path: filePath(url) } : { kind: 'url', url, scheme }
}

function parseUrl(text: string, scheme: string): URL {
  try {
    return new URL(text)
  } catch (error) {
    // The text is left out: it could hold a password.
    throw new TypeError(`what starts with "${scheme}:" is no URL; write a local path as ./${scheme}:...`, { cause: error })
  }
}

function filePath(url: URL): string {
  try {
    return resolve(fileURLToPath(url))
  } catch (error) {
    throw new TypeError(`${url.href} is no local file: ${error instanceof Error ? error.message : String(error)}; write file:///path`, {
      cause: error,
    })
  }
}
