import { execFile } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { get, request } from 'node:http'
import { get as getTls } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNotHere } from '../src/debian.mjs'
import { faultProxy } from '../src/fault-proxy.mjs'
import { listeningPorts } from '../src/ports.mjs'
import { control } from '../src/index.mjs'
import type { S3Details, SftpDetails } from '../src/types.d.mts'
import { FtpSession } from './ftp-session.ts'
import { ServiceSet, skipElsewhere } from './set.ts'

const execute = promisify(execFile)
const set = new ServiceSet()
const scratch = mkdtempSync(join(tmpdir(), 'syncline-servers-'))

beforeAll(async () => {
  if (whyNotHere() === undefined) await set.run('start')
}, 600_000)

afterAll(async () => {
  await set.close()
  rmSync(scratch, { recursive: true, force: true })
}, 60_000)

describe('SFTP servers', () => {
  test.for(['sshd', 'sftp-basic'] as const)('%s has the host key that it promises', async (name, context) => {
    const { hostKeyFingerprint, knownHostsFile, port } = set.details(context, name)
    const { stdout } = await execute('ssh-keyscan', ['-t', 'ed25519', '-p', String(port), '127.0.0.1'])
    const scanned = join(scratch, `${name}.scanned`)
    writeFileSync(scanned, stdout)
    expect((await execute('ssh-keygen', ['-lf', scanned])).stdout).toContain(hostKeyFingerprint)
    expect((await execute('ssh-keygen', ['-lf', knownHostsFile])).stdout).toContain(hostKeyFingerprint)
  })

  const ways = [
    { way: 'by key', options: (of: SftpDetails) => ['-i', of.keyFile, '-o', 'PreferredAuthentications=publickey'], secret: () => 'none' },
    {
      way: 'by key with a passphrase',
      options: (of: SftpDetails) => ['-i', of.passphraseKeyFile, '-o', 'PreferredAuthentications=publickey'],
      secret: (of: SftpDetails) => of.passphrase,
    },
    { way: 'by password', options: () => ['-o', 'PreferredAuthentications=password'], secret: (of: SftpDetails) => of.password },
  ]
  test.for((['sshd', 'sftp-basic'] as const).flatMap(name => ways.map(way => ({ name, ...way }))))(
    '$name lets its user in $way and stores where it says',
    async ({ name, options, secret }, context) => {
      const details = set.details(context, name)
      await sftp(details, options(details), secret(details), [
        `put ${import.meta.filename} ${details.root}/it.ts`,
        `put ${import.meta.filename} at-home.ts`,
      ])
      const source = readFileSync(import.meta.filename, 'utf8')
      expect(readFileSync(join(details.root, 'it.ts'), 'utf8')).toBe(source)
      expect(readFileSync(join(details.home, 'at-home.ts'), 'utf8')).toBe(source)
    },
  )

  test('a wrong password opens nothing', async context => {
    const details = set.details(context, 'sshd')
    await expect(sftp(details, ['-o', 'PreferredAuthentications=password'], 'wrong', ['pwd'])).rejects.toThrow(/Permission denied/)
  })

  test('sshd asks by keyboard-interactive on its other port, and takes nothing else there', async context => {
    const details = { ...set.details(context, 'sshd') }
    const { password, interactivePort: port } = details
    await sftp({ ...details, port }, ['-o', 'PreferredAuthentications=keyboard-interactive'], password, ['pwd'])
    const others = ['-i', details.keyFile, '-o', 'PreferredAuthentications=publickey,password']
    await expect(sftp({ ...details, port }, others, password, ['pwd'])).rejects.toThrow(/Permission denied \(keyboard-interactive\)/)
  })

  test('sshd lets root in by key, and runs commands', async context => {
    const details = set.details(context, 'sshd')
    const options = ['-i', details.keyFile, '-o', 'IdentitiesOnly=yes', ...strict(details), '-p', String(details.port)]
    const said = async (user: string): Promise<string> =>
      (await execute('ssh', [...options, `${user}@127.0.0.1`, 'id -un; sha256sum </dev/null'])).stdout
    expect(await said(details.rootUser)).toMatch(/^root\ne3b0c442/)
    expect(await said(details.user)).toMatch(new RegExp(`^${details.user}\ne3b0c442`))
  })

  test.for(['sshd', 'sftp-basic'] as const)('%s runs into a full disk', async (name, context) => {
    const details = set.details(context, name)
    const big = join(scratch, 'big')
    writeFileSync(big, randomBytes(9 << 20))
    const options = ['-i', details.keyFile]
    await expect(sftp(details, options, '', [`put ${big} ${details.fullDisk.path}/big`])).rejects.toThrow()
    expect(readdirSync(details.fullDisk.local)).toEqual(['big'])
    rmSync(join(details.fullDisk.local, 'big'))
  })
})

describe('FTP servers', () => {
  const servers = ['vsftpd', 'proftpd', 'pureftpd'] as const

  test.for(servers)('%s stores what is sent, below its root', async (name, context) => {
    const { host, port, user, password, root } = set.details(context, name)
    const [session, greeting] = await FtpSession.open(host, port)
    expect(greeting).toMatch(/^220/)
    expect(await session.login(user, password)).toMatch(/^230/)
    await session.command('TYPE I')
    const content = randomBytes(100_000)
    expect((await session.transfer('STOR it', content)).reply).toMatch(/^226/)
    expect(readFileSync(join(root, 'it')).equals(content)).toBe(true)
    expect((await session.transfer('RETR it')).content.equals(content)).toBe(true)
    session.close()
  })

  test.for([
    ['vsftpd', false],
    ['proftpd', true],
    ['pureftpd', true],
  ] as const)('%s offers MLSD: %s', async ([name, offered], context) => {
    const { host, port, user, password } = set.details(context, name)
    const [session] = await FtpSession.open(host, port)
    await session.login(user, password)
    expect(/^ MLST/m.test(await session.command('FEAT'))).toBe(offered)
    session.close()
  })

  test.for(servers)('%s takes AUTH TLS with the certificate that it promises', async (name, context) => {
    const { host, port, user, password, caFile, fingerprint } = set.details(context, name)
    const [session] = await FtpSession.open(host, port)
    const socket = await session.secure(readFileSync(caFile, 'utf8'))
    expect(identityOf(socket)).toEqual({ authorized: true, fingerprint })
    expect(await session.login(user, password)).toMatch(/^230/)
    session.close()
  })

  test.for(['vsftpd', 'proftpd'] as const)('%s speaks TLS from the first byte on its other port', async (name, context) => {
    const { host, implicitPort, user, password, caFile, fingerprint } = set.details(context, name)
    const [session, greeting, socket] = await FtpSession.openTls(host, implicitPort ?? 0, readFileSync(caFile, 'utf8'))
    expect(greeting).toMatch(/^220/)
    expect(identityOf(socket)).toEqual({ authorized: true, fingerprint })
    expect(await session.login(user, password)).toMatch(/^230/)
    session.close()
  })

  test.for(servers)('%s runs into a full disk', async (name, context) => {
    const { host, port, user, password, fullDisk } = set.details(context, name)
    const [session] = await FtpSession.open(host, port)
    await session.login(user, password)
    await session.command('TYPE I')
    expect((await session.transfer(`STOR ${fullDisk.path}/big`, randomBytes(9 << 20))).reply).toMatch(/^[45]/)
    expect(readdirSync(fullDisk.local)).toEqual(['big'])
    rmSync(join(fullDisk.local, 'big'))
    session.close()
  })

  test.for(servers)('%s is reached through a fault proxy, data connections included', async (name, context) => {
    const { host, port, user, password, passivePorts, root } = set.details(context, name)
    await using proxy = await faultProxy({ host, port, passivePorts })
    const [session] = await FtpSession.open(proxy.host, proxy.port)
    expect(await session.login(user, password)).toMatch(/^230/)
    await session.command('TYPE I')
    proxy.cutAfter(20_000, { on: 'data', how: 'end', connections: 'this' })
    await session.transfer('STOR cut', randomBytes(100_000))
    expect(proxy.stats().cuts).toBe(1)
    expect(readFileSync(join(root, 'cut')).length).toBe(20_000)
    session.close()
  })
})

describe('S3', () => {
  test('stores objects, with and without TLS', async context => {
    const s3 = set.details(context, 's3')
    expect((await ask(s3, 'PUT', '/bucket')).status).toBe(200)
    expect((await ask(s3, 'PUT', '/bucket/it', 'content')).status).toBe(200)
    expect(await ask(s3, 'GET', '/bucket/it')).toEqual({ status: 200, body: 'content' })
    const overTls = await new Promise((resolve, reject) => {
      getTls(`${s3.tlsEndpoint}/bucket/it`, { ca: readFileSync(s3.caFile) }, answer => resolve(answer.resume().statusCode)).on('error', reject)
    })
    expect(overTls).toBe(403)
  })

  test('nobody gets in without its keys', async context => {
    const s3 = set.details(context, 's3')
    const anonymous = await new Promise((resolve, reject) =>
      get(`${s3.endpoint}/bucket`, answer => resolve(answer.resume().statusCode)).on('error', reject),
    )
    expect([403, 404]).toContain(anonymous)
    expect((await ask({ ...s3, secretAccessKey: 'wrong' }, 'GET', '/bucket')).status).toBe(403)
  })
})

describe('btrfs', () => {
  test('is two file systems with subvolumes and snapshots', async context => {
    const { mounts } = set.details(context, 'btrfs')
    expect(new Set(mounts).size).toBe(2)
    for (const mount of mounts) {
      expect((await execute('stat', ['-f', '-c', '%T', mount])).stdout).toBe('btrfs\n')
      await execute('btrfs', ['subvolume', 'create', join(mount, 'one')])
      await execute('btrfs', ['subvolume', 'snapshot', '-r', join(mount, 'one'), join(mount, 'two')])
      await execute('btrfs', ['subvolume', 'delete', join(mount, 'two'), join(mount, 'one')])
    }
  })
})

describe('control', () => {
  test("an instance of one's own dies with its sessions, and comes back with its key and its data", async context => {
    skipElsewhere(context)
    const own = await control.own('sshd')
    if (!own.available) return context.skip(own.reason)
    try {
      const options = ['-i', own.keyFile, ...strict(own), '-p', String(own.port), `${own.user}@127.0.0.1`]
      writeFileSync(join(own.root, 'kept'), 'kept')
      const session = execute('ssh', [...options, 'echo started; exec sleep 1001'])
      const ended = session.then(
        () => 'in peace',
        (error: { readonly code: number }) => error.code,
      )
      await new Promise(resolve => session.child.stdout?.once('data', resolve))
      await own.kill()
      expect(await ended).toBe(255)
      await expect(execute('ssh', options)).rejects.toThrow(/Connection refused/)
      await own.start()
      expect((await execute('ssh', [...options, `cat ${own.root}/kept; pgrep -r R,S,D -u ${own.user} sleep || echo none`])).stdout).toBe('keptnone\n')
    } finally {
      await own.close()
    }
    await expect(execute('getent', ['passwd', own.user])).rejects.toThrow()
  })

  test('a killed S3 gateway comes back with its objects', async context => {
    skipElsewhere(context)
    const own = await control.own('s3')
    if (!own.available) return context.skip(own.reason)
    try {
      await ask(own, 'PUT', '/bucket')
      await ask(own, 'PUT', '/bucket/it', 'content')
      await own.kill()
      await expect(ask(own, 'GET', '/bucket/it')).rejects.toThrow(/ECONNREFUSED/)
      await own.start()
      expect(await ask(own, 'GET', '/bucket/it')).toEqual({ status: 200, body: 'content' })
    } finally {
      await own.close()
    }
  })

  test("an instance of one's own takes settings, which win", async context => {
    skipElsewhere(context)
    const own = await control.own('vsftpd', { config: 'max_per_ip=1\nuse_localtime=YES', env: { TZ: 'Asia/Kolkata' } })
    if (!own.available) return context.skip(own.reason)
    try {
      const [first] = await FtpSession.open(own.host, own.port)
      expect(await first.login(own.user, own.password)).toMatch(/^230/)
      const [, refused] = await FtpSession.open(own.host, own.port)
      expect(refused).toMatch(/^421/)
      first.close()
    } finally {
      await own.close()
    }
  })

  test('what somebody did not live to close is closed by the next', async context => {
    skipElsewhere(context)
    const script = `import { control } from './index.mjs'; const own = await control.own('sshd'); console.log(own.port); process.kill(process.pid, 'SIGKILL')`
    const port = Number(await set.evaluate(script).catch((error: { readonly stdout: string }) => error.stdout))
    expect(listeningPorts()).toContain(port)
    await set.run('start')
    expect(listeningPorts()).not.toContain(port)
    expect(readdirSync(join(set.folder, 'data', 'own'))).toEqual([])
  })

  test('two of a kind do not know each other', async context => {
    skipElsewhere(context)
    const [one, two] = await Promise.all([control.own('proftpd'), control.own('proftpd')])
    try {
      if (!one.available || !two.available) return context.skip('not available')
      expect(one.port).not.toBe(two.port)
      expect(one.root).not.toBe(two.root)
      await one.kill()
      const [session] = await FtpSession.open(two.host, two.port)
      expect(await session.login(two.user, two.password)).toMatch(/^230/)
      session.close()
    } finally {
      if (one.available) await one.close()
      if (two.available) await two.close()
    }
  })
})

function strict({ knownHostsFile }: SftpDetails): string[] {
  return ['-F', '/dev/null', '-o', `UserKnownHostsFile=${knownHostsFile}`, '-o', 'StrictHostKeyChecking=yes', '-o', 'GlobalKnownHostsFile=/dev/null']
}

/** OpenSSH's own client, which asks a program for whatever it is asked. */
async function sftp(details: SftpDetails, options: readonly string[], secret: string, commands: readonly string[]): Promise<void> {
  const ask = join(scratch, 'ask')
  writeFileSync(ask, '#!/bin/sh\nprintf %s "$SYNCLINE_TEST_SECRET"\n')
  chmodSync(ask, 0o700)
  const batch = join(scratch, `batch-${randomBytes(4).toString('hex')}`)
  writeFileSync(batch, `${commands.join('\n')}\n`)
  const quiet = ['-o', 'BatchMode=no', '-o', 'NumberOfPasswordPrompts=1', '-o', 'IdentitiesOnly=yes', '-b', batch]
  const env = { ...process.env, SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: 'force', SYNCLINE_TEST_SECRET: secret, SSH_AUTH_SOCK: '' }
  await execute('sftp', [...strict(details), ...options, ...quiet, '-P', String(details.port), `${details.user}@127.0.0.1`], { env })
}

function identityOf(socket: TLSSocket): { authorized: boolean; fingerprint: string } {
  return { authorized: socket.authorized, fingerprint: socket.getPeerCertificate().fingerprint256 }
}

/** A request with a signature of the old and simple kind. */
function ask(s3: S3Details, method: string, path: string, body = ''): Promise<{ status: number | undefined; body: string }> {
  const date = new Date().toUTCString()
  const type = body === '' ? '' : 'text/plain'
  const signature = createHmac('sha1', s3.secretAccessKey).update(`${method}\n\n${type}\n${date}\n${path}`).digest('base64')
  const headers = {
    date,
    authorization: `AWS ${s3.accessKeyId}:${signature}`,
    'content-length': body.length,
    ...(type === '' ? {} : { 'content-type': type }),
  }
  return new Promise((resolve, reject) => {
    const call = request(`${s3.endpoint}${path}`, { method, headers, agent: false }, answer => {
      const chunks: Buffer[] = []
      answer.on('data', chunk => chunks.push(chunk)).on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(chunks).toString() }))
    })
    call.on('error', reject).end(body)
  })
}
