import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collect, type Bytes } from '@syncline/core'
import { faultProxy, type FaultProxy } from '@syncline/services/fault-proxy'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test, type TestContext } from 'vitest'
import { BtrSync } from '../src/replicate/btr-sync.ts'
import { Transfer } from '../src/replicate/transfer.ts'
import { defaultRoot } from '../src/roots/default-root.ts'
import type { RootFactory } from '../src/roots/root.ts'
import { sshHost } from '../src/roots/ssh-host.ts'
import { differences, killProcess, makeSnapshots, namesIn, openPair, type Pair, recorder, rootLogin, run } from './replicas.ts'

const megabytes = 1024 * 1024

interface Remote extends AsyncDisposable {
  readonly pair: Pair
  readonly roots: RootFactory
  readonly proxy: FaultProxy
  readonly login: ReturnType<typeof rootLogin>
}

/** A pair of file systems, one of which is reached by ssh through a network that can fail. */
async function openRemote(context: TestContext): Promise<Remote> {
  const server = await withService(context, 'sshd')
  const pair = await openPair(context)
  const proxy = await faultProxy({ host: server.host, port: server.port })
  const known = mkdtempSync(join(tmpdir(), 'syncline-known-'))
  const knownHostsFile = join(known, 'known hosts')
  const [, key] = /^\S+ (.*)$/m.exec(readFileSync(server.knownHostsFile, 'utf8')) ?? []
  writeFileSync(knownHostsFile, `[${proxy.host}]:${proxy.port} ${key}\n`)
  const login = rootLogin(server, { host: proxy.host, port: proxy.port, knownHostsFile })
  const roots = defaultRoot('ssh')(login)
  return {
    pair,
    roots,
    proxy,
    login,
    [Symbol.asyncDispose]: async () => {
      await roots.close()
      await proxy.close()
      await pair[Symbol.asyncDispose]()
      rmSync(known, { recursive: true })
    },
  }
}

/** Does something once so many bytes have passed. */
class Disturbed extends Transfer {
  readonly errors: string[] = []
  readonly #after: number
  readonly #disturb: () => void

  constructor(after: number, disturb: () => void) {
    super()
    this.#after = after
    this.#disturb = disturb
  }

  override err(error: unknown): void {
    this.errors.push((error as Error).message)
  }

  protected override async *flow(bytes: Bytes): AsyncGenerator<Uint8Array, void, undefined> {
    let passed = 0
    let isDone = false
    for await (const chunk of bytes) {
      yield chunk
      passed += chunk.length
      if (isDone || passed <= this.#after) continue
      isDone = true
      this.#disturb()
    }
  }
}

// Logging in takes its time on a busy machine.
describe('BtrSync over ssh', { timeout: 120_000 }, () => {
  test('pushes and pulls over one connection', async context => {
    await using remote = await openRemote(context)
    const { pair, roots, proxy } = remote
    makeSnapshots(pair.a, ['s1', "s'2 $(id) caf\u00e9"])
    const [there, back] = await Promise.all([roots.getRoot(pair.b), defaultRoot('ssh')(remote.login).getRoot(pair.a)])
    expect(there.root.name).toBe(`root@${proxy.host}:${pair.b}`)
    const { trans, errors, sent } = recorder()
    expect(await new BtrSync(pair.src, there.root).sync(trans)).toBe(true)
    expect([errors, sent.length]).toEqual([[], 2])
    for (const name of namesIn(pair.b)) expect(differences(join(pair.a, 'snaps', name), join(pair.b, name))).toBe('')
    expect(await new BtrSync(there.root, back.root).plan()).toMatchObject({ transfers: [], present: 2 })
    run('btrfs', 'subvolume', 'snapshot', '-r', join(pair.b, 's1'), join(pair.b, 'of b'))
    run('btrfs', 'subvolume', 'delete', join(pair.a, 'snaps/s1'))
    expect(await new BtrSync(there.root, back.root).sync(trans)).toBe(true)
    expect(errors).toEqual([])
    expect(proxy.stats().accepted).toBe(1)
  })

  test('the connection is cut in mid-stream: nothing half-received stays, and it goes on over a new one', async context => {
    await using remote = await openRemote(context)
    const { pair, roots, proxy } = remote
    makeSnapshots(pair.a, ['s1', 's2'], 8 * megabytes)
    const { root } = await roots.getRoot(pair.b)
    const trans = new Disturbed(4 * megabytes, () => void proxy.killConnections())
    expect(await new BtrSync(pair.src, root).sync(trans)).toBe(false)
    expect(trans.errors[0]).toContain('btrfs send')
    expect(trans.errors[0]).toContain('btrfs receive')
    expect(trans.errors[0]).toMatch(/Connection .*(?:reset|closed)|Broken pipe/)
    expect(namesIn(pair.b).filter(name => !name.startsWith('.part-'))).toEqual([])
    const again = recorder()
    expect(await new BtrSync(pair.src, root).sync(again.trans)).toBe(true)
    expect([again.errors, namesIn(pair.b)]).toEqual([[], ['s1', 's2']])
    expect(differences(join(pair.a, 'snaps/s2'), join(pair.b, 's2'))).toBe('')
  })

  test.for([megabytes, 7 * megabytes])('ssh is killed after %i bytes, and the next run repairs', async (after, context) => {
    await using remote = await openRemote(context)
    const { pair, roots, proxy } = remote
    makeSnapshots(pair.a, ['s1'], 8 * megabytes)
    const { root } = await roots.getRoot(pair.b)
    let killed = 0
    const trans = new Disturbed(after, () => (killed = killProcess('ssh -T', `-p ${proxy.port}`)))
    expect(await new BtrSync(pair.src, root).sync(trans)).toBe(false)
    expect(killed).toBeGreaterThan(0)
    // Whichever of its processes was seen to die first.
    expect(trans.errors[0]).toMatch(/SIGKILL|255, as ssh has it for a lost connection/)
    const again = recorder()
    expect([await new BtrSync(pair.src, root).sync(again.trans), again.errors]).toEqual([true, []])
    expect(namesIn(pair.b)).toEqual(['s1'])
  })

  test('we are killed: no connection stays, and the next run repairs', async context => {
    await using remote = await openRemote(context)
    const { pair, roots, proxy, login } = remote
    makeSnapshots(pair.a, ['s1'], 8 * megabytes)
    const child = spawn(process.execPath, [join(import.meta.dirname, 'replicate-child.mjs')], { stdio: ['pipe', 'inherit', 'inherit'] })
    child.stdin.end(JSON.stringify({ a: pair.a, b: pair.b, bytes: 4 * megabytes, ssh: login }))
    expect(await new Promise(resolve => child.on('exit', (_, signal) => resolve(signal)))).toBe('SIGKILL')
    await expect.poll(() => proxy.stats().live, { timeout: 10_000 }).toBe(0)
    const { trans, errors } = recorder()
    const { root } = await roots.getRoot(pair.b)
    expect(await new BtrSync(pair.src, root).sync(trans)).toBe(true)
    expect([errors, namesIn(pair.b)]).toEqual([[], ['s1']])
  })

  test('a host with another key than the known one is refused, and so is an unknown one', async context => {
    await using remote = await openRemote(context)
    const file = join(mkdtempSync(join(tmpdir(), 'syncline-known-')), 'known')
    try {
      for (const known of [
        '',
        `[${remote.proxy.host}]:${remote.proxy.port} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n`,
      ]) {
        writeFileSync(file, known)
        const roots = defaultRoot('ssh')({ ...remote.login, knownHostsFile: file })
        await expect(roots.getRoot(remote.pair.b)).rejects.toMatchObject({
          code: 'UNAUTHENTICATED',
          message: expect.stringContaining('Host key verification failed') as string,
        })
        expect(readFileSync(file, 'utf8')).toBe(known)
        await roots.close()
      }
    } finally {
      rmSync(join(file, '..'), { recursive: true })
    }
  })

  test('a host that does not answer, a wrong key and a missing program are told', async context => {
    await using remote = await openRemote(context)
    const roots = (more: object): RootFactory => defaultRoot('ssh')({ ...remote.login, ...more })
    remote.proxy.refuse(true)
    await expect(roots({}).getRoot(remote.pair.b)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    remote.proxy.refuse(false)
    await expect(roots({ identityFile: '/dev/null' }).getRoot(remote.pair.b)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(remote.roots.getRoot('/proc')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    const host = sshHost(remote.login)
    const outcome = await host.run?.(['no-such-program', '--really'])
    expect(outcome).toMatchObject({ code: 127, stderr: expect.stringContaining('not found') as string })
    expect(await host.run?.(['printf', 'a\\nb'])).toMatchObject({ code: 0, stdout: 'a\nb', stderr: '' })
    await host.close()
  })

  test('what it sends over ssh is what is there', async context => {
    await using remote = await openRemote(context)
    makeSnapshots(remote.pair.a, ['s1'], megabytes)
    const { root } = await remote.roots.getRoot(remote.pair.a)
    const [there, here] = [await collect(root.send(['snaps/s1']).bytes), await collect(remote.pair.src.send(['snaps/s1']).bytes)]
    expect(Buffer.compare(there, here)).toBe(0)
  })
})

describe('sshHost', () => {
  test.each([
    [{ host: '' }, 'the host of ssh cannot be empty'],
    [{ host: '-oProxyCommand=id' }, 'cannot be a host'],
    [{ host: 'a b' }, 'cannot be a host'],
    [{ host: 'a;id' }, 'cannot be a host'],
    [{ host: 'a', user: '' }, 'the user of ssh cannot be empty'],
    [{ host: 'a', user: '-l' }, 'cannot be a user'],
    [{ host: 'a', port: 0 }, 'the port of ssh must be'],
  ])('refuses %j', (options, message) => expect(() => sshHost(options)).toThrow(message))

  test('B8: brackets of an address are left out', () => expect(sshHost({ host: '[::1]', user: 'me' }).label).toBe('me@[::1]:'))
})
