import { chown, mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { prefix, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { ftp, type FtpOptions } from '@syncline/ftp'
import { s3 } from '@syncline/s3'
import { service, type S3Details, type FtpDetails, type SftpDetails } from '@syncline/services'
import { sftp, type SftpOptions } from '@syncline/sftp'
import { makeBucket, s3Options } from './buckets.ts'
import type { Location } from './command.ts'
import { probe } from './facts.ts'
import type { OpenStore } from './pairs.ts'
import type { Place, Store } from './store.ts'

/** What is needed to make a store of a server's tree: clients of the whole of it, whose subtrees are the places. */
interface Remote {
  readonly name: string
  /** For the engine, and for the users of the store. */
  readonly clients: readonly [WritableStorage, WritableStorage]
  readonly location: (directory: string) => Location
  /** The tree on this machine. */
  readonly local?: { readonly directory: string; readonly uid: number; readonly gid: number }
  readonly close?: () => Promise<void>
}

/**
 * Connections are opened once for all places of a store, not once for each: that is what takes the time. The tests by the command open them anew.
 */
async function storeOf(remote: Remote): Promise<Store> {
  let count = 0
  const [engine, user] = remote.clients
  const place = async (): Promise<Place> => {
    const directory = `place-${++count}`
    const { local } = remote
    if (local !== undefined) {
      await mkdir(join(local.directory, directory))
      await chown(join(local.directory, directory), local.uid, local.gid)
    }
    const client = prefix(user, directory)
    const view = local === undefined ? client : fs(join(local.directory, directory))
    return { storage: prefix(engine, directory), client, view, location: remote.location(directory) }
  }
  const close = async (): Promise<void> => {
    for (const client of remote.clients) await client.close?.()
    await remote.close?.()
  }
  return { name: remote.name, abilities: await probe((await place()).storage), place, close }
}

/** Buckets of a real server. */
export const s3Store: OpenStore = async () => {
  const found = await service('s3')
  if (!found.available) return { missing: found.reason }
  const bucket = await makeBucket(found)
  const open = (): WritableStorage => s3(s3Options(found, bucket, ''))
  return storeOf({ name: 's3', clients: [open(), open()], location: directory => s3Location(found, bucket, directory) })
}

/** As a URL and an environment. */
export function s3Location(
  access: Pick<S3Details, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'>,
  bucket: string,
  directory: string,
): Location {
  const { endpoint, region, accessKeyId, secretAccessKey } = access
  return {
    location: `s3://${bucket}/${directory}?endpoint=${encodeURIComponent(endpoint)}&region=${region}&path-style=true`,
    env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
  }
}

/** Directories of a real SSH server: OpenSSH, or one that knows little beyond the protocol. */
export function sftpStore(name: 'sshd' | 'sftp-basic'): OpenStore {
  return async () => {
    const found = await service(name)
    if (!found.available) return { missing: found.reason }
    const directory = await ownDirectory(found.root, found)
    const open = (): Promise<WritableStorage> => sftp(sftpOptions(found, directory))
    return storeOf({
      name,
      clients: [await open(), await open()],
      location: place => sftpLocation(found, join(directory, place)),
      local: { directory, uid: found.uid, gid: found.gid },
      close: () => rm(directory, { recursive: true, force: true }),
    })
  }
}

/** How to reach a server, as options of the adapter. */
export function sftpOptions(details: SftpDetails, path: string): SftpOptions {
  const { host, port, user, keyFile, knownHostsFile } = details
  return { host, port, user, path, identityFiles: [keyFile], knownHosts: knownHostsFile, config: false, agent: false }
}

/** As a URL and an environment. */
export function sftpLocation({ host, port, user, keyFile, knownHostsFile }: SftpDetails, path: string): Location {
  const query = new URLSearchParams({ identity: keyFile, 'known-hosts': knownHostsFile })
  return { location: `sftp://${user}@${host}:${port}${path}?${query.toString()}`, env: {} }
}

/** Directories of a real FTP server: one with MLSD, or one that only has listings for people. */
export function ftpStore(name: 'proftpd' | 'vsftpd'): OpenStore {
  return async () => {
    const found = await service(name)
    if (!found.available) return { missing: found.reason }
    const directory = await ownDirectory(found.root, found)
    const path = `/${basename(directory)}`
    const open = (): Promise<WritableStorage> => ftp(ftpOptions(found, path))
    return storeOf({
      name,
      clients: [await open(), await open()],
      location: place => ftpLocation(found, `${path}/${place}`),
      local: { directory, uid: found.uid, gid: found.gid },
      close: () => rm(directory, { recursive: true, force: true }),
    })
  }
}

/** How to reach a server, as options of the adapter. Without encryption: what is measured here are scenarios. */
export function ftpOptions({ host, port, user, password }: FtpDetails, path: string): FtpOptions {
  return { host, port, user, password, path, tls: 'none' }
}

/** As a URL and an environment. */
export function ftpLocation({ host, port, user, password }: FtpDetails, path: string): Location {
  return { location: `ftp://${user}@${host}:${port}${path}?tls=none`, env: { SYNCLINE_FTP_PASSWORD: password } }
}

/** A directory of a server's user, for one store. */
async function ownDirectory(root: string, { uid, gid }: { readonly uid: number; readonly gid: number }): Promise<string> {
  const directory = join(root, `golden-${crypto.randomUUID()}`)
  await mkdir(directory)
  await chown(directory, uid, gid)
  return directory
}
