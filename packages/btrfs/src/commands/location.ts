/** Where subvolumes are, or dumps, as a person writes it. */
export type Location =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'ssh'; readonly host: string; readonly user?: string; readonly port?: number; readonly path: string }
  /** A storage of another kind, which holds dumps. */
  | { readonly kind: 'storage'; readonly url: string }

/**
 * Reads a location as btrsync does: `PATH`, `[USER@]HOST:PATH`, `file://PATH`, `ssh://[USER@]HOST[:PORT]/PATH`. IPv6 addresses are in brackets, and
 * nothing is decoded. A colon before the first slash makes a host of what is in front of it: `./a:b` is a path. Any other URL is a storage that holds dumps.
 *
 * @throws TypeError for one that cannot be meant
 */
export function parseLocation(text: string): Location {
  if (text === '') throw new TypeError('the name of a place is empty')
  if (text.includes('\0')) throw new TypeError('the name of a place has a NUL character')
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  if (scheme !== undefined) return parseUrl(text, scheme.toLowerCase(), text.slice(scheme.length + 3))
  // What a subvolume is called as a storage of this package.
  if (/^btrfs:/i.test(text)) return local(text.slice(6), text)
  const remote = /^(?:([^@/:]*)@)?(\[[^\]/]*\]|[^/:]*):(.*)$/s.exec(text)
  if (remote === null) return { kind: 'local', path: text }
  const [, user, host = '', path = ''] = remote
  return ssh({ user, host, port: undefined, path: path === '' ? '.' : path }, text)
}

function parseUrl(text: string, scheme: string, rest: string): Location {
  if (scheme === 'file' || scheme === 'btrfs') return local(rest, text)
  if (scheme !== 'ssh') return { kind: 'storage', url: text }
  const parts = /^(?:([^@/]*)@)?(\[[^\]/]*\]|[^/:]*)(?::([^/]*))?(\/.*)?$/s.exec(rest)
  if (parts === null) throw new TypeError(`${text} is no URL of a host; write ssh://[USER@]HOST[:PORT]/PATH`)
  const [, user, host = '', port, path = ''] = parts
  if (path === '') throw new TypeError(`${text} has no path; write ssh://[USER@]HOST[:PORT]/PATH`)
  return ssh({ user, host, port, path }, text)
}

function local(path: string, text: string): Location {
  if (path === '') throw new TypeError(`${text} has no path`)
  return { kind: 'local', path }
}

interface SshParts {
  readonly user: string | undefined
  readonly host: string
  readonly port: string | undefined
  readonly path: string
}

function ssh({ user, host, port, path }: SshParts, text: string): Location {
  if (host === '' || host === '[]') throw new TypeError(`the host of ${text} is empty`)
  if (user === '') throw new TypeError(`the user of ${text} is empty; leave out the @`)
  if (user?.includes(':') === true) throw new TypeError('a password would show in the list of processes; ssh takes a key or an agent')
  if (port === '') throw new TypeError(`the port of ${text} is empty; leave out the colon`)
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) > 0 && Number(port) < 65536))
    throw new TypeError(`the port of ${text} must be a number from 1 to 65535`)
  return { kind: 'ssh', host, path, ...(user !== undefined && { user }), ...(port !== undefined && { port: Number(port) }) }
}
