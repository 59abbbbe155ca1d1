import type { DumpRootOptions } from '../dumps/dump-root.ts'
import { dumpRoots, fileRoots } from '../dumps/dump-roots.ts'
import type { FileRootOptions } from '../dumps/file-root.ts'
import type { ListScope } from '../subvolume/parse-list.ts'
import { commandsOn } from './btrfs-commands.ts'
import { CommandRoot } from './command-root.ts'
import { findRoot } from './find-root.ts'
import type { Host } from './host.ts'
import { localHost } from './local-host.ts'
import type { RootFactory } from './root.ts'
import { sshHost, type SshOptions } from './ssh-host.ts'

/** What roots on file systems have in common. */
export interface LocalRootOptions {
  /** Put `sudo -n` in front of what needs root. Default: no. */
  readonly sudo?: boolean | undefined
  /**
   * - `all` (default): every subvolume below the root
   * - `strict`: only those that lie in the root itself, not in a subvolume of it
   * - `isolated`: as `strict`, and no others are looked at to find out what came from what
   */
  readonly scope?: ListScope['scope'] | undefined
}

/** A root on another host. */
export interface SshRootOptions extends LocalRootOptions, SshOptions {}

/** What makes the roots of each protocol, from their options. */
export interface RootMakers {
  readonly local: (options?: LocalRootOptions) => RootFactory
  readonly ssh: (options: SshRootOptions) => RootFactory
  readonly file: (options?: FileRootOptions) => RootFactory
  readonly 'file-dump': (options?: DumpRootOptions) => RootFactory
}

const makers: RootMakers = {
  local: (options = {}) => commandRoots(localHost, options),
  ssh: options => commandRoots(sharedHost(options), options),
  file: fileRoots,
  'file-dump': dumpRoots,
}

/**
 * What makes the roots of a protocol: `local`, `ssh`, `file` (a dump to read) or `file-dump` (a directory to write dumps to).
 *
 * @throws TypeError for another protocol
 * @example
 * const roots = defaultRoot('ssh')({ host: 'backup.example', user: 'root' })
 * const { root, path } = await roots.getRoot('/mnt/pool/snapshots')
 */
export function defaultRoot<P extends keyof RootMakers>(protocol: P): RootMakers[P] {
  const maker = Object.hasOwn(makers, protocol) ? makers[protocol] : undefined
  if (maker === undefined) throw new TypeError(`"${protocol}" is no protocol of btrfs roots; there are ${Object.keys(makers).join(', ')}`)
  return maker
}

function commandRoots(host: Host, { sudo = false, scope = 'all' }: LocalRootOptions): RootFactory {
  if (!['all', 'strict', 'isolated'].includes(scope)) throw new TypeError(`scope must be all, strict or isolated, got ${JSON.stringify(scope)}`)
  const commands = commandsOn(host, sudo)
  return {
    getRoot: async (path, options) => {
      const found = await findRoot(commands, path, options)
      return { root: new CommandRoot({ ...found, commands, scope }), path: found.path }
    },
    isRoot: async (path, options) => {
      const found = await findRoot(commands, path, options).catch((error: unknown) => {
        if ((error as { code?: unknown }).code === 'NOT_SUPPORTED') return undefined
        throw error
      })
      return found?.path === ''
    },
    close: () => host.close(),
  }
}

/** Connections of this process that are in use, and by how many. */
const shared = new Map<string, { readonly host: Host; users: number }>()

/** One connection for all roots that are reached in the same way. */
function sharedHost(options: SshOptions): Host {
  const { host, user, port, identityFile, knownHostsFile, configFile, compress, interactive } = options
  const key = JSON.stringify([host, user, port, identityFile, knownHostsFile, configFile, compress, interactive])
  const known = shared.get(key) ?? { host: sshHost(options), users: 0 }
  known.users++
  shared.set(key, known)
  let isOpen = true
  const close = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    if (--known.users > 0) return
    shared.delete(key)
    await known.host.close()
  }
  const { run } = known.host
  return {
    label: known.host.label,
    start: (...args) => known.host.start(...args),
    ...(run !== undefined && { run: run.bind(known.host) }),
    close,
  }
}
