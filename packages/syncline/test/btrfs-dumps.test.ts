import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testBucket } from '@syncline/services/bucket'
import { faultProxy, type FaultProxy } from '@syncline/services/fault-proxy'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test, type TestContext } from 'vitest'
import { ended, type Ended } from './bin.ts'
import { Bench, same, stuckSender } from './snapshot-bench.ts'

/** A real server behind a network that counts, with an empty place for dumps. */
interface Remote extends AsyncDisposable {
  /** As on the command line; it is the same place through the proxy and directly. */
  readonly url: string
  readonly env: Readonly<Record<string, string>>
  readonly proxy: FaultProxy
}

const remotes: Readonly<Record<string, (context: TestContext, bench: Bench) => Promise<Remote>>> = {
  async s3(context) {
    const bucket = await testBucket(context)
    const { endpoint, region, accessKeyId, secretAccessKey } = bucket.details
    const { hostname, port } = new URL(endpoint)
    const proxy = await faultProxy({ host: hostname, port: Number(port) })
    return {
      url: `s3://${bucket.options.bucket}/dumps?part-size=5M`,
      env: {
        AWS_ENDPOINT_URL_S3: `http://${proxy.host}:${proxy.port}`,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
      proxy,
      [Symbol.asyncDispose]: async () => {
        await proxy.close()
        await bucket[Symbol.asyncDispose]()
      },
    }
  },
  async sftp(context, { here }) {
    const { host, port, root, rootUser, keyFile, hostKeyFingerprint } = await withService(context, 'sshd')
    const proxy = await faultProxy({ host, port })
    const directory = join(root, randomUUID())
    mkdirSync(directory)
    const query = new URLSearchParams({ identity: keyFile, 'host-key': hostKeyFingerprint, config: 'none', agent: 'none' })
    return {
      url: `sftp://${rootUser}@${proxy.host}:${proxy.port}${directory}?${query.toString()}`,
      env: { HOME: here.root },
      proxy,
      [Symbol.asyncDispose]: async () => {
        await proxy.close()
        rmSync(directory, { recursive: true })
      },
    }
  },
  async ftp(context) {
    const { host, port, root, user, password, caFile, passivePorts } = await withService(context, 'vsftpd')
    const proxy = await faultProxy({ host, port, passivePorts })
    const name = randomUUID()
    return {
      url: `ftp://${user}@${proxy.host}:${proxy.port}/${name}?tls=explicit&ca=${encodeURIComponent(caFile)}`,
      env: { SYNCLINE_FTP_PASSWORD: password },
      proxy,
      [Symbol.asyncDispose]: async () => {
        await proxy.close()
        rmSync(join(root, name), { recursive: true, force: true })
      },
    }
  },
}

describe.each(Object.entries(remotes))('dumps on %s by the command', { timeout: 120_000 }, (_, open) => {
  test('are sent, listed, verified, restored to btrfs and to a directory, and deleted by age', async context => {
    await using bench = await Bench.make(context, 'data.20250101T0000+0000', 'data.20250102T0000+0000')
    await using remote = await open(context, bench)
    const { a, b, here } = bench
    const run = (...argv: readonly string[]): Promise<Ended> => ended(here.start(['snapshot', ...argv], { env: remote.env }))
    expect(await run('send', join(a, 'snaps/'), remote.url, '-n')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('2 subvolumes to send'),
    })
    expect(await run('send', join(a, 'snaps/'), remote.url)).toMatchObject({ code: 0, err: '' })
    expect((await run('send', join(a, 'snaps/'), remote.url)).out).toBe('✓ nothing was sent, 2 there already\n')
    const listed = await run('list', remote.url)
    expect(listed).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/data\.20250101.*\n.*data\.20250102/) })
    expect(await run('verify', remote.url)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('all sound') })
    expect(await run('restore', remote.url, b)).toMatchObject({ code: 0, err: '' })
    expect(bench.received).toEqual(['data.20250101T0000+0000', 'data.20250102T0000+0000'])
    expect(same(join(a, 'snaps/data.20250102T0000+0000/big'), join(b, 'data.20250102T0000+0000/big'))).toBe(true)
    expect(await run('restore', remote.url, 'plain', '--only', '*0102*')).toMatchObject({ code: 0, err: '' })
    expect(same(join(a, 'snaps/data.20250102T0000+0000/big'), here.path('plain/data.20250102T0000+0000/big'))).toBe(true)
    // The second is what changed since the first, so both stay until something else is there.
    expect(await run('prune', join(a, 'snaps'), remote.url, '-K', '1d', '-y')).toMatchObject({ code: 0, out: expect.stringContaining('0 deleted') })
    expect(await run('list', remote.url)).toEqual(listed)
  })

  test('after a kill in the middle nothing looks like a dump, and the next run sends what is missing', async context => {
    await using bench = await Bench.make(context)
    await using remote = await open(context, bench)
    const { a, b, here } = bench
    const size = 48_000_000
    writeFileSync(join(a, 'data/big'), randomBytes(size))
    bench.snapshot('s1')
    const argv = ['snapshot', 'send', join(a, 'snaps/s1'), remote.url]
    const child = here.start(argv, { env: { ...remote.env, PATH: stuckSender(here, 0.8 * size) } })
    const end = ended(child)
    await expect.poll(() => existsSync(here.path('stuck')), { timeout: 60_000 }).toBe(true)
    await expect.poll(() => remote.proxy.stats().bytesUp, { timeout: 60_000 }).toBeGreaterThan(0.4 * size)
    child.kill('SIGKILL')
    expect(await end).toMatchObject({ signal: 'SIGKILL' })
    const listed = await ended(here.start(['snapshot', 'list', remote.url, '--json'], { env: remote.env }))
    expect([listed.code, listed.out]).toEqual([0, expect.not.stringContaining('"type":"dump"')])
    const before = remote.proxy.stats().bytesUp
    expect(await ended(here.start(argv, { env: remote.env }))).toMatchObject({ code: 0, err: '' })
    const again = remote.proxy.stats().bytesUp - before
    console.log(`${remote.url.slice(0, 4)} ${((100 * again) / size).toFixed(0)} % sent again after a kill at ${((100 * before) / size).toFixed(0)} %`)
    expect(await ended(here.start(['snapshot', 'verify', remote.url], { env: remote.env }))).toMatchObject({ code: 0, err: '' })
    expect(await ended(here.start(['snapshot', 'restore', remote.url, b], { env: remote.env }))).toMatchObject({ code: 0, err: '' })
    expect(same(join(a, 'snaps/s1/big'), join(b, 's1/big'))).toBe(true)
    expect(again).toBeLessThan(0.7 * size)
  })
})
