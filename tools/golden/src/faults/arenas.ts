import { chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { ftp } from '@syncline/ftp'
import { s3 } from '@syncline/s3'
import { control } from '@syncline/services'
import { faultProxy } from '@syncline/services/fault-proxy'
import { sftp } from '@syncline/sftp'
import { makeBucket, s3Options } from '../buckets.ts'
import { ftpLocation, ftpOptions, s3Location, sftpLocation, sftpOptions } from '../remotes.ts'
import type { Arena } from './arena.ts'

/** Opens an arena, or says why there is none. */
export type OpenArena = () => Promise<Arena | { readonly missing: string }>

/** Milliseconds without an answer after which a client gives up: tests do not wait for a minute. */
const timeoutMs = 4000

/** A bucket on a server of its own. */
export const s3Arena: OpenArena = async () => {
  const server = await control.own('s3')
  if (!server.available) return { missing: server.reason }
  const { hostname, port } = new URL(server.endpoint)
  const proxy = await faultProxy({ host: hostname, port: Number(port) })
  const behind = { ...server, endpoint: `http://${proxy.host}:${proxy.port}` }
  const bucket = await makeBucket(server)
  let count = 0
  return {
    proxy,
    place: () => {
      const directory = `place-${++count}`
      const options = s3Options(behind, bucket, directory)
      return Promise.resolve({
        open: () => Promise.resolve(s3({ ...options, timeoutMs })),
        view: s3(s3Options(server, bucket, directory)),
        location: s3Location(behind, bucket, directory),
      })
    },
    kill: () => server.kill(),
    start: () => server.start(),
    close: () => closeAll(proxy, server),
  }
}

/** A directory on an SSH server of its own. */
export const sftpArena: OpenArena = async () => {
  const server = await control.own('sshd')
  if (!server.available) return { missing: server.reason }
  const proxy = await faultProxy({ host: server.host, port: server.port })
  // The key is pinned: the server is known by another port.
  const behind = { ...server, port: proxy.port }
  const hostKey = server.hostKeyFingerprint
  let count = 0
  return {
    proxy,
    place: async () => {
      const directory = join(server.root, `place-${++count}`)
      await ownDirectory(directory, server)
      const location = sftpLocation(behind, directory)
      return {
        open: () => sftp({ ...sftpOptions(behind, directory), hostKey, timeoutMs, connectTimeoutMs: timeoutMs }),
        view: fs(directory),
        location: { ...location, location: `${location.location}&host-key=${encodeURIComponent(hostKey)}` },
        directory,
      }
    },
    kill: () => server.kill(),
    start: () => server.start(),
    close: () => closeAll(proxy, server),
  }
}

/** A directory on an FTP server of its own. @param tls - how its connections are encrypted */
export function ftpArena(name: 'proftpd' | 'vsftpd', tls: 'none' | 'explicit'): OpenArena {
  return async () => {
    const server = await control.own(name)
    if (!server.available) return { missing: server.reason }
    const proxy = await faultProxy({ host: server.host, port: server.port, passivePorts: server.passivePorts })
    const behind = { ...server, host: proxy.host, port: proxy.port }
    const encrypted = tls === 'none' ? {} : { ca: server.caFile }
    let count = 0
    return {
      proxy,
      place: async () => {
        const path = `/place-${++count}`
        const directory = join(server.root, path)
        await ownDirectory(directory, server)
        const { location, env } = ftpLocation(behind, path)
        return {
          open: (): Promise<WritableStorage> => ftp({ ...ftpOptions(behind, path), tls, timeoutMs, ...encrypted }),
          view: fs(directory),
          location: {
            location: tls === 'none' ? location : `${location.replace('tls=none', `tls=${tls}`)}&ca=${encodeURIComponent(server.caFile)}`,
            env,
          },
          directory,
        }
      },
      kill: () => server.kill(),
      start: () => server.start(),
      close: () => closeAll(proxy, server),
    }
  }
}

async function ownDirectory(directory: string, { uid, gid }: { readonly uid: number; readonly gid: number }): Promise<void> {
  await mkdir(directory)
  await chown(directory, uid, gid)
}

async function closeAll(...all: readonly { close(): Promise<void> }[]): Promise<void> {
  for (const each of all) await each.close()
}
