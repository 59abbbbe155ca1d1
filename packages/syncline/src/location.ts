import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What a person's words for a place mean. */
export type Location = { readonly kind: 'path'; readonly path: string } | { readonly kind: 'url'; readonly url: URL; readonly scheme: string }

/**
 * Tells paths from URLs: `./notes`, `/mnt/usb`, `C:\notes` and `file:///mnt` are paths, `s3://bucket` is a URL.
 *
 * A relative path with a colon in its first name has to be written with `./` in front.
 *
 * @param directory - what relative paths are relative to
 * @throws TypeError if it is neither, if it holds a password, which would show in the list of processes, or a "#", behind which a URL names nothing
 */
export function parseLocation(text: string, directory: string): Location {
  if (text === '') throw new TypeError('the name of a place is empty')
  if (text.includes('\0')) throw new TypeError('the name of a place has a NUL character')
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase()
  // One letter is a Windows drive.
  if (scheme === undefined) {
    if (/^[^/\\:]+@[^/\\:]+:/.test(text))
      throw new TypeError(`${text} looks like a place for scp; write sftp://user@host/path, or ./${text} for a local path`)
    return { kind: 'path', path: resolve(directory, text) }
  }
  if (scheme === 'snarf') return { kind: 'url', url: archiveUrl(text.slice('snarf:'.length), directory), scheme }
  const url = parseUrl(text, scheme)
  if (url.password !== '') throw new TypeError(refusePassword(scheme, url.host))
  // Part of a password may be behind it, so the text is left out.
  if (url.hash !== '' || text.endsWith('#'))
    throw new TypeError(`the URL of ${scheme}://${url.host} has a "#", behind which nothing is read; write it as %23`)
  if (scheme !== 'file') return { kind: 'url', url, scheme }
  if (url.search !== '') throw new TypeError('a file: URL has a "?", behind which nothing is read; write it as %3F')
  return { kind: 'path', path: filePath(url) }
}

/** Where a secret can come from instead, by scheme; each adapter reads these. */
const alternatives: Readonly<Record<string, string>> = {
  s3: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for what ~/.aws has (keys, SSO, credential_process)',
  sftp: `use a key or an agent, or ${sources('SYNCLINE_SFTP_PASSWORD')}`,
  ftp: sources('SYNCLINE_FTP_PASSWORD'),
  ftps: sources('SYNCLINE_FTP_PASSWORD'),
}

function sources(variable: string): string {
  return `set ${variable}, ${variable}_FILE (a file that only you can read) or ${variable}_COMMAND (e.g. 'secret-tool lookup service backup', for a keychain), or leave all of them out and be asked at a terminal`
}

/** The password itself is not in the message. */
function refusePassword(scheme: string, host: string): string {
  const instead = alternatives[scheme] ?? 'give it in the way that its storage describes'
  return `the URL of ${scheme}://${host} holds a password, which would show in the list of processes; leave it out: ${instead}`
}

/** An archive is named by where it lies: `snarf:site.snarf`, `snarf:sftp://host/site.snarf`. Relative paths become absolute: a state belongs to one archive. */
function archiveUrl(text: string, directory: string): URL {
  const parsed = parseLocation(text, directory)
  if (parsed.kind === 'url') return new URL(`snarf:${parsed.url.href}`)
  if (/^file:/i.test(text)) return new URL(`snarf:${pathToFileURL(parsed.path).pathname}`)
  if (/[?#]/.test(text)) throw new TypeError(`snarf:${text} has a "?" or "#", behind which nothing is read; write %3F or %23`)
  let path: string
  try {
    path = decodeURIComponent(parsed.path)
  } catch (error) {
    throw new TypeError(`snarf:${text} has a "%" that stands for nothing; write it as %25`, { cause: error })
  }
  return new URL(`snarf:${pathToFileURL(path).pathname}`)
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
