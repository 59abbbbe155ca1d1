import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { chownSync } from 'node:fs'
import type { WritableStorage } from '@syncline/core'
import { service, type SftpDetails } from '@syncline/services'
import type { SftpOptions } from '../src/options.ts'
import { sftp } from '../src/sftp.ts'

/** The servers that every test of a whole storage runs against: OpenSSH, and ProFTPD's mod_sftp, which can less and says it differently. */
export const serverNames = ['sshd', 'sftp-basic'] as const

/** One of {@link serverNames}. */
export type ServerName = (typeof serverNames)[number]

/** Options that log in to a server, and touch nothing of the machine's own configuration. */
export function login(server: SftpDetails): SftpOptions {
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    identityFiles: [server.keyFile],
    knownHosts: server.knownHostsFile,
    config: false,
    agent: false,
  }
}

/** A storage over a fresh directory of a server. */
export interface Scratch extends AsyncDisposable {
  readonly storage: WritableStorage
  readonly server: SftpDetails
  /** The directory as this machine sees it. */
  readonly root: string
}

/** A fresh directory of a server, owned by the account that logs in. */
export function makeDirectory(server: SftpDetails): string {
  const parent = mkdtempSync(join(server.root, 'test-'))
  // One level down: what escapes from the root shows beside it, and goes too.
  const root = join(parent, 'root')
  mkdirSync(root)
  for (const directory of [parent, root]) chownSync(directory, server.uid, server.gid)
  return root
}

/** Opens a fresh directory of a server. */
export async function openScratch(server: SftpDetails, options: Partial<SftpOptions> = {}): Promise<Scratch> {
  const root = makeDirectory(server)
  const storage = await sftp({ ...login(server), path: root, ...options })
  return {
    storage,
    server,
    root,
    [Symbol.asyncDispose]: async () => {
      await storage.close?.().catch(() => undefined)
      rmSync(join(root, '..'), { recursive: true, force: true })
    },
  }
}

/** A server, or the reason why there is none. */
export async function find(name: ServerName): Promise<SftpDetails | string> {
  const found = await service(name)
  return found.available ? found : found.reason
}
