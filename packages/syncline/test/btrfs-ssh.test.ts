import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { SshdDetails } from '@syncline/services'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test, type TestContext } from 'vitest'
import { ended, type Ended } from './bin.ts'
import { makeSshHome, withinHome, type HomeOptions } from './own-home.ts'
import { Bench, btrfs, same, stuckSender } from './snapshot-bench.ts'

/** A bench whose file systems are also reached over ssh, by a root with a home directory of its own. */
class Remote implements AsyncDisposable {
  readonly bench: Bench
  readonly server: SshdDetails
  readonly home: string

  private constructor(bench: Bench, server: SshdDetails) {
    this.bench = bench
    this.server = server
    this.home = bench.here.path('home')
  }

  static async make(context: TestContext, ...snapshots: readonly string[]): Promise<Remote> {
    const server = await withService(context, 'sshd')
    const remote = new Remote(await Bench.make(context, ...snapshots), server)
    chmodSync(remote.bench.here.root, 0o755)
    const { host, port, rootUser, keyFile, knownHostsFile } = server
    const config = `Host backup\n  HostName ${host}\n  Port ${port}\n  User ${rootUser}\n`
    makeSshHome(remote.home, { keyFile, knownHosts: readFileSync(knownHostsFile, 'utf8'), config })
    return remote
  }

  /** `syncline snapshot ...`, in that home. */
  run(argv: readonly string[], options: HomeOptions & { readonly env?: Readonly<Record<string, string>> } = {}): Promise<Ended> {
    const within = withinHome(this.home, options)
    return ended(this.bench.here.start(['snapshot', ...argv], { within, cwd: '/', ...(options.env !== undefined && { env: options.env }) }))
  }

  /** As a place on the command line. */
  url(path: string, { port = this.server.port, user = this.server.rootUser }: { readonly port?: number; readonly user?: string } = {}): string {
    return `ssh://${user}@${this.server.host}:${port}${path}`
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.bench[Symbol.asyncDispose]()
  }
}

// Logging in takes its time on a busy machine.
describe('snapshot commands over ssh', { timeout: 60_000 }, () => {
  test('push to a URL and to an alias, pull, list and prune', async context => {
    await using remote = await Remote.make(context, 's1', 's2')
    const { a, b } = remote.bench
    expect(await remote.run(['send', join(a, 'snaps/s1'), remote.url(b)])).toMatchObject({ code: 0, err: '' })
    const { code, out } = await remote.run(['send', '--json', `${a}/`, `backup:${b}`])
    expect(code).toBe(0)
    expect(JSON.parse(out.split('\n')[0] ?? '')).toMatchObject({ type: 'sent', volumes: [{ path: 'snaps/s2' }], parent: { path: 'snaps/s1' } })
    expect(same(join(a, 'snaps/s2/big'), join(b, 's2/big'))).toBe(true)
    mkdirSync(join(a, 'back'))
    expect((await remote.run(['send', '-f', `backup:${b}/s*`, join(a, 'back')])).code).toBe(0)
    expect(readdirSync(join(a, 'back'))).toEqual(['s1', 's2'])
    expect((await remote.run(['list', `backup:${b}`])).out).toMatch(/received +s1\n.*received +s2\n$/)
    const old = 'data.20250101T0000+0000'
    expect(await remote.run(['create', `backup:${join(a, 'data')}`, `backup:${a}`])).toMatchObject({ code: 0 })
    remote.bench.snapshot(old)
    expect(await remote.run(['prune', '-k', '7d', '-y', `backup:${join(a, 'snaps')}`, `backup:${b}`])).toMatchObject({ code: 0, err: '' })
    expect(readdirSync(join(a, 'snaps'))).toContain(old)
  })

  test('log in once, whatever they run there', async context => {
    await using remote = await Remote.make(context, 's1', 's2')
    const { a, b, here } = remote.bench
    const real = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim()
    mkdirSync(here.path('bin'))
    writeFileSync(here.path('bin/ssh'), `#!/bin/sh\necho "$*" >>${here.path('log')}\nexec ${real} "$@"\n`, { mode: 0o755 })
    const env = { PATH: `${here.path('bin')}:${process.env['PATH'] ?? ''}` }
    expect((await remote.run(['send', join(a, 'snaps/'), `backup:${b}`], { env })).code).toBe(0)
    const calls = readFileSync(here.path('log'), 'utf8').trim().split('\n')
    // One that stays, and one for each stream.
    expect(calls.map(line => (line.includes('ControlMaster=no') ? 'stream' : 'login'))).toEqual(['login', 'stream', 'stream'])
  })

  test('refuse a host whose key is unknown or another, and remember none', async context => {
    await using remote = await Remote.make(context, 's1')
    const { a, b } = remote.bench
    const file = join(remote.home, '.ssh/known_hosts')
    const { host, port } = remote.server
    for (const known of ['', `[${host}]:${port} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n`]) {
      writeFileSync(file, known)
      expect(await remote.run(['send', join(a, 'snaps'), `backup:${b}`])).toMatchObject({
        code: 6,
        out: '',
        err: expect.stringMatching(/compare the key[^]*Host key verification failed/),
      })
      expect(readFileSync(file, 'utf8')).toBe(known)
    }
    expect(remote.bench.received).toEqual([])
  })

  test.for<[what: string, argv: (remote: Remote) => readonly string[], code: number, says: readonly string[]]>([
    ['a host that is not known', ({ bench: { a, b } }) => ['send', join(a, 'snaps'), `nowhere.invalid:${b}`], 6, ['Could not resolve hostname']],
    [
      'an account without rights',
      remote => ['send', join(remote.bench.a, 'snaps'), remote.url(remote.bench.b, { user: remote.server.user })],
      6,
      ['run as root, or ask for sudo', 'Operation not permitted'],
    ],
    [
      'an account that sudo does not know',
      remote => ['send', '--sudo-dest', join(remote.bench.a, 'snaps'), remote.url(remote.bench.b, { user: remote.server.user })],
      6,
      ['sudo'],
    ],
    ['a source that is not there', ({ bench: { a, b } }) => ['send', `backup:${a}/nope`, b], 6, ['backup:', '/nope is not there']],
    [
      'a destination that is not there',
      ({ bench: { a, b } }) => ['send', join(a, 'snaps'), `backup:${b}/nope`],
      6,
      ['backup:', '/nope is not there'],
    ],
    ['a destination that is not btrfs', ({ bench: { a } }) => ['send', join(a, 'snaps'), 'backup:/proc'], 2, ['backup:/proc lies in no btrfs']],
    ['dumps on a host', ({ bench: { a, b } }) => ['send', '-o', 'backup:/x', join(a, 'snaps'), b], 2, ['sftp://']],
  ])('tell %s', async ([, argv, code, says], context) => {
    await using remote = await Remote.make(context, 's1')
    const outcome = await remote.run(argv(remote))
    expect(outcome.code).toBe(code)
    for (const text of says) expect(outcome.err).toContain(text)
    expect(remote.bench.received).toEqual([])
  })
})

/** Skips where there is no sudo. */
function needSudo(context: TestContext): void {
  try {
    execFileSync('sh', ['-c', 'command -v sudo'])
  } catch {
    context.skip('there is no sudo')
  }
}

/** An sshd for one account, whose sudo has a rule of its own. */
async function sudoServer(remote: Remote, options: HomeOptions): Promise<{ readonly port: number; readonly process: ChildProcess }> {
  const { here } = remote.bench
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const [key, authorized, config] = [here.path('host-key'), here.path('authorized'), here.path('sshd.conf')]
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  writeFileSync(authorized, execFileSync('ssh-keygen', ['-y', '-f', join(remote.home, '.ssh/id_ed25519')]), { mode: 0o644 })
  const lines = [`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${key}`, `AuthorizedKeysFile ${authorized}`]
  writeFileSync(config, [...lines, 'PidFile none', 'StrictModes no', 'UsePAM no', ''].join('\n'))
  const within = withinHome(here.path('login'), options)
  mkdirSync(here.path('login'), { mode: 0o755 })
  // As root: it is the sessions that become the account.
  const [program = '', ...args] = [
    ...within.filter(word => !/^(?:setpriv|--re[ug]id=.*|--clear-groups)$/.test(word)),
    '/usr/sbin/sshd',
    '-D',
    '-e',
    '-f',
    config,
  ]
  const process = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  process.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await expect.poll(() => said, { timeout: 10_000 }).toContain('Server listening')
  const publicKey = readFileSync(`${key}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  writeFileSync(join(remote.home, '.ssh/known_hosts'), `[127.0.0.1]:${port} ${publicKey}\n`)
  return { port, process }
}

/** Kills a run that sends to `b` in the middle. @returns the name of what it leaves */
async function leaveHalf({ bench: { here, b }, home }: Remote, argv: readonly string[]): Promise<string> {
  const env = { PATH: stuckSender(here) }
  const child = here.start(['snapshot', ...argv], { within: withinHome(home), cwd: '/', env })
  const end = ended(child)
  await expect.poll(() => existsSync(here.path('stuck')), { timeout: 20_000 }).toBe(true)
  child.kill('SIGKILL')
  expect(await end).toMatchObject({ signal: 'SIGKILL' })
  // Until the receiver has seen it, it holds what it receives.
  await expect.poll(() => spawnSync('flock', ['-n', '-x', b, 'true']).status, { timeout: 10_000 }).toBe(0)
  return readdirSync(b).find(name => name.startsWith('.part-')) ?? 'nothing'
}

describe('snapshot commands by sudo', { timeout: 60_000 }, () => {
  const commands = ['btrfs', 'mv', 'mkdir']

  /** Everything that is documented to need root, and nothing else. */
  function rule(user: string): string {
    const paths = commands.map(name => execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim())
    return `${user} ALL=(root) NOPASSWD: ${paths.join(', ')}`
  }

  test('an account without rights may do all that it is allowed, here', async context => {
    needSudo(context)
    await using remote = await Remote.make(context, 's1', 's2')
    const { a, b } = remote.bench
    const { user: name, uid, gid } = remote.server
    const account = { name, uid, gid }
    const refused = await remote.run(['send', join(a, 'snaps'), b], { account })
    expect(refused).toMatchObject({ code: 6, err: expect.stringContaining('run as root, or ask for sudo') })
    const asked = await remote.run(['send', '-s', join(a, 'snaps'), b], { account, sudo: 'root ALL=(ALL) ALL' })
    expect(asked).toMatchObject({ code: 6, err: expect.stringContaining('allow the commands without a password in sudoers') })
    expect(remote.bench.received).toEqual([])
    const may = { account, sudo: rule(name) }
    expect(await remote.run(['send', '-s', '-r', `${a}/`, join(b, 'new')], may)).toMatchObject({ code: 0, err: '' })
    expect(readdirSync(join(b, 'new/snaps'))).toEqual(['s1', 's2'])
    expect((await remote.run(['list', '-s', b], may)).out).toMatch(/s1\n.*s2\n$/)
    expect(await remote.run(['create', '-s', join(a, 'data'), join(a, 'snaps')], may)).toMatchObject({ code: 0, err: '' })
    remote.bench.snapshot('data.20250101T0000+0000')
    expect(await remote.run(['prune', '-s', '-y', '-k', '7d', join(a, 'snaps')], may)).toMatchObject({ code: 0, err: '' })
    expect(readdirSync(join(a, 'snaps'))).not.toContain('data.20250101T0000+0000')
  })

  test('and on another host, where what was received in part is recovered by sudo, too', async context => {
    needSudo(context)
    await using remote = await Remote.make(context, 's1')
    const { a, b } = remote.bench
    const { user: name, uid, gid } = remote.server
    const server = await sudoServer(remote, { account: { name, uid, gid }, sudo: rule(name) })
    try {
      const there = remote.url(b, { user: name, port: server.port })
      expect(await remote.run(['send', join(a, 'snaps'), there])).toMatchObject({ code: 6 })
      expect(await remote.run(['send', '--sudo-dest', join(a, 'snaps'), there])).toMatchObject({ code: 0, err: '' })
      expect(remote.bench.received).toEqual(['s1'])
      expect(same(join(a, 'snaps/s1/big'), join(b, 's1/big'))).toBe(true)
      // What a run leaves that is killed while it receives.
      btrfs('subvolume', 'delete', join(b, 's1'))
      const half = await leaveHalf(remote, ['send', '--sudo-dest', join(a, 'snaps/s1'), there])
      expect(await remote.run(['send', '--sudo-dest', join(a, 'snaps'), there])).toMatchObject({ code: 0, err: expect.stringContaining(half) })
      expect(remote.bench.received).toEqual(['s1'])
      expect(await remote.run(['send', '-f', '--sudo-src', `${there}/s1`, a])).toMatchObject({ code: 0 })
      expect(readdirSync(a)).toContain('s1')
    } finally {
      const gone = once(server.process, 'exit')
      server.process.kill()
      await gone
    }
  })
})
