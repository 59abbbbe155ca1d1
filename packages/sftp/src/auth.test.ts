import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { WritableStorage } from '@syncline/core'
import { control, type SshdDetails } from '@syncline/services'
import { withService } from '@syncline/services/vitest'
import { login } from '../test/servers.ts'
import type { SftpOptions } from './options.ts'
import { parseSftpUrl } from './plugin.ts'
import { sftp } from './sftp.ts'

const directory = mkdtempSync(join(tmpdir(), 'syncline-sftp-auth-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const variables = ['SYNCLINE_SFTP_PASSWORD', 'SYNCLINE_SFTP_PASSWORD_FILE', 'SYNCLINE_SFTP_PASSWORD_COMMAND', 'SYNCLINE_SFTP_PASSPHRASE']
afterEach(() => {
  for (const name of variables) delete process.env[name]
})

/** Logs in and looks at the root, so that more than the login has worked. */
async function enters(options: SftpOptions): Promise<string> {
  let storage: WritableStorage | undefined
  try {
    storage = await sftp({ path: '/', ...options })
    return (await storage.stat(''))?.kind ?? 'nothing'
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return `${code}: ${message}`
  } finally {
    await storage?.close?.()
  }
}

const withoutKey = (server: SshdDetails): SftpOptions => ({ ...login(server), user: server.passwordUser, identityFiles: [join(directory, 'none')] })

describe('logging in', () => {
  test('by a key', async context => expect(await enters(login(await withService(context, 'sshd')))).toBe('directory'))

  test('by a key itself', async context => {
    const server = await withService(context, 'sshd')
    expect(await enters({ ...withoutKey(server), privateKey: readFileSync(server.keyFile) })).toBe('directory')
  })

  test('by a key with a passphrase: given, from the environment, or asked for once', async context => {
    const server = await withService(context, 'sshd')
    const options = { ...login(server), identityFiles: [server.passphraseKeyFile] }
    expect(await enters({ ...options, passphrase: server.passphrase })).toBe('directory')
    process.env['SYNCLINE_SFTP_PASSPHRASE'] = server.passphrase
    expect(await enters(options)).toBe('directory')
    delete process.env['SYNCLINE_SFTP_PASSPHRASE']
    const questions: string[] = []
    const prompt: SftpOptions['prompt'] = async ({ text, secret }) => {
      questions.push(`${text} ${secret}`)
      return server.passphrase
    }
    expect(await enters({ ...options, prompt })).toBe('directory')
    expect(questions).toEqual([`passphrase of ${server.passphraseKeyFile} true`])
  })

  test('a wrong or missing passphrase is said to be that, and shows nothing', async context => {
    const server = await withService(context, 'sshd')
    const options = { ...login(server), identityFiles: [server.passphraseKeyFile] }
    expect(await enters({ ...options, passphrase: 'hunter2' })).toMatch(/^UNAUTHENTICATED: (?!.*hunter2).*has another passphrase/)
    expect(await enters(options)).toMatch(/^UNAUTHENTICATED: .*needs a passphrase/)
  })

  test('by a password: given, from the environment, a file, a command, or asked for', async context => {
    const server = await withService(context, 'sshd')
    const options = withoutKey(server)
    expect(await enters({ ...options, password: server.password })).toBe('directory')
    process.env['SYNCLINE_SFTP_PASSWORD'] = server.password
    expect(await enters(options)).toBe('directory')
    delete process.env['SYNCLINE_SFTP_PASSWORD']
    const file = join(directory, 'password')
    writeFileSync(file, `${server.password}\n`)
    process.env['SYNCLINE_SFTP_PASSWORD_FILE'] = file
    expect(await enters(options)).toBe('directory')
    delete process.env['SYNCLINE_SFTP_PASSWORD_FILE']
    process.env['SYNCLINE_SFTP_PASSWORD_COMMAND'] = `cat ${file}`
    expect(await enters(options)).toBe('directory')
    delete process.env['SYNCLINE_SFTP_PASSWORD_COMMAND']
    expect(await enters({ ...options, prompt: async () => server.password })).toBe('directory')
  })

  test('a password that is wrong, or a command that fails, is said to be that, and shows nothing', async context => {
    const server = await withService(context, 'sshd')
    expect(await enters({ ...withoutKey(server), password: 'hunter2' })).toMatch(/^UNAUTHENTICATED: (?!.*hunter2).*did not accept the password/)
    process.env['SYNCLINE_SFTP_PASSWORD_COMMAND'] = 'echo hunter2; exit 3 # hunter2'
    expect(await enters(withoutKey(server))).toMatch(/^UNAUTHENTICATED: (?!.*hunter2).*failed with exit code 3/)
  })

  test('with nothing to log in with, it says what can be given', async context => {
    const server = await withService(context, 'sshd')
    expect(await enters(withoutKey(server))).toMatch(/could not log in: .*it takes publickey, password.*SYNCLINE_SFTP_PASSWORD_COMMAND/)
  })

  test('by keyboard-interactive: a given password answers the question, or a person does', async context => {
    const server = await withService(context, 'sshd')
    const options = { ...withoutKey(server), port: server.interactivePort, knownHosts: server.interactiveKnownHostsFile }
    expect(await enters({ ...options, password: server.password })).toBe('directory')
    const questions: boolean[] = []
    const prompt: SftpOptions['prompt'] = async ({ secret }) => {
      questions.push(secret)
      return server.password
    }
    expect(await enters({ ...options, prompt })).toBe('directory')
    expect(questions).toEqual([true])
  })

  test('by an agent, which shows only the named keys if only those are wanted', async context => {
    const server = await withService(context, 'sshd')
    const socket = join(directory, 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    try {
      const key = join(directory, 'agent-key')
      copyFileSync(server.keyFile, key)
      chmodSync(key, 0o600)
      const other = join(directory, 'other-key')
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])
      await expect.poll(() => tryAdd(socket, other, key)).toBe(true)
      const options = { ...withoutKey(server), agent: socket }
      expect(await enters(options)).toBe('directory')
      const config = join(directory, 'only')
      writeFileSync(config, `Host *\n  IdentitiesOnly yes\n  IdentityFile ${other}\n`)
      expect(await enters({ ...options, identityFiles: [], config })).toMatch(/^UNAUTHENTICATED/)
      writeFileSync(config, `Host *\n  IdentitiesOnly yes\n  IdentityFile ${join(directory, 'public')}\n`)
      writeFileSync(join(directory, 'public.pub'), execFileSync('ssh-keygen', ['-y', '-f', key]))
      expect(await enters({ ...options, identityFiles: [], config })).toBe('directory')
    } finally {
      agent.kill()
    }
  })

  test('through a jump host of the configuration, each with its own key checked', async context => {
    const server = await withService(context, 'sshd')
    const config = join(directory, 'jump')
    const host = `HostName 127.0.0.1\n  Port ${server.port}\n  User ${server.user}\n  IdentityFile ${server.keyFile}`
    writeFileSync(config, `Host gate\n  ${host}\nHost inside\n  ${host}\n  ProxyJump gate\n`)
    const options = { host: 'inside', config, agent: false, knownHosts: server.knownHostsFile } as const
    expect(await enters(options)).toBe('directory')
    expect(await enters({ ...options, knownHosts: join(directory, 'none') })).toMatch(/^UNAUTHENTICATED: .*not known/)
  })
})

describe('the host key', () => {
  test('an unknown one is refused before anything is tried, a pinned one is taken', async context => {
    const server = await withService(context, 'sshd')
    const options = { ...login(server), knownHosts: join(directory, 'none') }
    const answer = await enters(options)
    expect(answer).toMatch(/^UNAUTHENTICATED: .*is not known/)
    expect(answer).toContain(server.hostKeyFingerprint)
    expect(await enters({ ...options, hostKey: server.hostKeyFingerprint })).toBe('directory')
    expect(await enters({ ...options, hostKey: `SHA256:${'A'.repeat(43)}` })).toMatch(/^UNAUTHENTICATED: .*hostKey/)
  })

  test('of a server with several keys the known one is asked for, and a changed one is refused', async context => {
    const keys = ['ed25519', 'ecdsa', 'rsa'].map(type => {
      const file = join(directory, `host-${type}`)
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file])
      return { type, file, line: readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ') }
    })
    const server = await control.own('sshd', { config: keys.map(({ file }) => `HostKey ${file}`).join('\n') })
    if (!server.available) return context.skip(server.reason)
    try {
      for (const { type, line } of keys) {
        const knownHosts = join(directory, `known-${type}`)
        writeFileSync(knownHosts, `[${server.host}]:${server.port} ${line}\n`)
        expect(await enters({ ...login(server), knownHosts }), type).toBe('directory')
      }
      const changed = join(directory, 'changed')
      execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', changed])
      const knownHosts = join(directory, 'known-changed')
      writeFileSync(knownHosts, `[${server.host}]:${server.port} ${readFileSync(`${changed}.pub`, 'utf8')}`)
      expect(await enters({ ...login(server), knownHosts })).toMatch(/^UNAUTHENTICATED: .*has changed.*ssh-keygen -R/)
    } finally {
      await server.close()
    }
  })
})

describe('where nobody answers', () => {
  test('a port that is closed, and a name that does not exist', async context => {
    const server = await withService(context, 'sshd')
    expect(await enters({ ...login(server), port: 1 })).toMatch(/^UNAVAILABLE: .*ECONNREFUSED/)
    await expect(sftp({ ...login(server), host: 'no-such-host.invalid' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('parseSftpUrl', () => {
  test.each([
    ['sftp://host', { host: 'host', path: '~' }],
    ['sftp://ana@host:2222/srv/a%20b', { host: 'host', port: 2222, user: 'ana', path: '/srv/a b' }],
    ['sftp://host/~/photos', { host: 'host', path: '~/photos' }],
    ['sftp://[::1]/x', { host: '::1', path: '/x' }],
    ['sftp://host/x?identity=/a&identity=/b&agent=none', { host: 'host', path: '/x', identityFiles: ['/a', '/b'], agent: false }],
    ['sftp://host/x?remote-hash=auto&fsync=true&timeout=5', { host: 'host', path: '/x', remoteHash: 'auto', fsync: true, timeoutMs: 5000 }],
  ])('%s', (url, expected) => expect(parseSftpUrl(new URL(url))).toEqual(expected))

  test.each([
    ['sftp://ana:hunter2@host/x', /holds a password/],
    ['sftp://host/x?password=hunter2', /no parameter "password"; there are identity, /],
    ['sftp://host/x?fsync=maybe', /fsync must be true or false/],
  ])('%s is refused', (url, message) => expect(() => parseSftpUrl(new URL(url))).toThrow(message))
})

function tryAdd(socket: string, ...keys: readonly string[]): boolean {
  try {
    execFileSync('ssh-add', ['-q', ...keys], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
