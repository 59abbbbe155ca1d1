/** Where an archive lies. */
export interface ArchiveLocation {
  /** The place that holds it: a path or a URL. */
  readonly place: string
  /** Its name there. */
  readonly name: string
  /** The place is a directory of this computer. */
  readonly isLocal: boolean
}

/**
 * Parts the name of an archive from the place it lies in: `/srv/site.snarf`, `s3://bucket/deep/site.snarf?region=eu`.
 *
 * @throws TypeError if it names no archive
 */
export function splitArchiveLocation(text: string): ArchiveLocation {
  // One letter is a Windows drive.
  if (/^[a-z][a-z0-9+.-]+:/i.test(text)) return splitUrl(text)
  const at = Math.max(text.lastIndexOf('/'), text.includes(':\\') ? text.lastIndexOf('\\') : -1)
  const name = text.slice(at + 1)
  if (name === '' || name === '.' || name === '..') throw new TypeError(`${JSON.stringify(text)} names no archive; write the path of a file`)
  return { place: at === -1 ? '.' : text.slice(0, at + 1), name, isLocal: true }
}

function splitUrl(text: string): ArchiveLocation {
  const url = new URL(text)
  const at = url.pathname.lastIndexOf('/')
  const name = decodeURIComponent(url.pathname.slice(at + 1))
  if (name === '' || name === '.' || name === '..')
    throw new TypeError(`${url.protocol}//${url.host} names no archive; write the path of a file behind it`)
  // The "/" of the root stays: without a path, some servers begin in the home directory.
  url.pathname = url.pathname.slice(0, Math.max(at, 1))
  return { place: url.href, name, isLocal: url.protocol === 'file:' }
}
