import { randomUUID } from 'node:crypto'
import { chownSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { WritableStorage } from '@syncline/core'
import { ftp } from '@syncline/ftp'
import { withService } from '@syncline/services/vitest'
import { sftp } from '@syncline/sftp'
import { onTestFinished, type TestContext } from 'vitest'

/** A new directory of OpenSSH's server; it goes with the test. */
export async function onSftp(context: TestContext): Promise<WritableStorage> {
  const { host, port, user, keyFile, knownHostsFile, ...server } = await withService(context, 'sshd')
  const path = makeDirectory(server)
  return sftp({ host, port, user, identityFiles: [keyFile], knownHosts: knownHostsFile, config: false, agent: false, path })
}

/** A new directory of vsftpd, which has neither MLSD nor hashes; it goes with the test. */
export async function onFtp(context: TestContext): Promise<WritableStorage> {
  const { host, port, user, password, ...server } = await withService(context, 'vsftpd')
  const directory = makeDirectory(server)
  return ftp({ host, port, user, password, path: directory.slice(server.root.length), tls: 'none', connections: 4 })
}

function makeDirectory({ root, uid, gid }: { readonly root: string; readonly uid: number; readonly gid: number }): string {
  const directory = join(root, `snarf-${randomUUID()}`)
  mkdirSync(directory)
  chownSync(directory, uid, gid)
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
