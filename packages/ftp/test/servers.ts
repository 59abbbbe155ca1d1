import { randomUUID } from 'node:crypto'
import { chown, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WritableStorage } from '@syncline/core'
import { service, type Available, type FtpDetails } from '@syncline/services'
import { ftp } from '../src/ftp.ts'
import type { FtpOptions } from '../src/options.ts'

/** vsftpd has LIST only, ProFTPD knows nearly everything, pure-ftpd rewrites names. */
export const serverNames = ['vsftpd', 'proftpd', 'pureftpd'] as const
export type ServerName = (typeof serverNames)[number]
export type Server = Available<FtpDetails>

/** Resolves to a server, or to the reason why there is none. */
export async function find(name: ServerName): Promise<Server | string> {
  const found = await service(name)
  return found.available ? found : found.reason
}

/** Options that lead to a directory of a server, without TLS. */
export function optionsFor({ host, port, user, password }: Server, path: string, options: Partial<FtpOptions> = {}): FtpOptions {
  return { host, port, user, password, path, tls: 'none', connections: 4, timeoutMs: 10_000, ...options }
}

/** Options for TLS, explicit or implicit. */
export function secured({ caFile, implicitPort }: Server, tls: 'explicit' | 'implicit'): Partial<FtpOptions> {
  return { tls, ca: caFile, ...(tls === 'implicit' && { port: implicitPort }) }
}

/** A new directory on a server, as a storage, and where it is on this machine. */
export interface Scratch extends AsyncDisposable {
  readonly storage: WritableStorage
  /** The path on the server. */
  readonly path: string
  readonly local: string
}

/** Makes an empty directory on the server and opens it. */
export async function openScratch(server: Server, options: Partial<FtpOptions> = {}): Promise<Scratch> {
  const name = `ftp-${randomUUID()}`
  const local = join(server.root, name)
  await mkdir(local)
  await chown(local, server.uid, server.gid)
  const storage = await ftp(optionsFor(server, `/${name}`, options))
  return {
    storage,
    path: `/${name}`,
    local,
    [Symbol.asyncDispose]: async () => {
      await storage.close?.()
      await rm(local, { recursive: true, force: true })
    },
  }
}
