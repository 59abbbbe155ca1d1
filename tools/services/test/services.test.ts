import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNotHere } from '../src/debian.mjs'
import { mountPoints } from '../src/mounts.mjs'
import { portsPerPlace } from '../src/place.mjs'
import { listeningPorts } from '../src/ports.mjs'
import { identify } from '../src/processes.mjs'
import { ServiceSet, skipElsewhere } from './set.ts'

const execute = promisify(execFile)
const names = ['full-disk', 'sshd', 'sftp-basic', 'vsftpd', 'proftpd', 'pureftpd', 's3', 'btrfs']
const set = new ServiceSet()

beforeAll(async () => {
  if (whyNotHere() === undefined) await set.run('start')
}, 600_000)

afterAll(() => set.close(), 60_000)

describe('start', () => {
  test('says of every service where it is, and brings up those that can be brought up', async context => {
    skipElsewhere(context)
    const lines = (await set.run('status')).trim().split('\n')
    expect(lines.map(line => line.split(' ')[0])).toEqual(names)
    const missing = lines.filter(line => line.includes('not available'))
    if (missing.length > 0) context.skip(missing.join('; '))
  })

  test('a second time leaves every process and every mount alone', async context => {
    skipElsewhere(context)
    const before = [processes(), mounts()]
    await set.run('start')
    expect([processes(), mounts()]).toEqual(before)
  })

  test('twice at once starts each server once', async context => {
    set.details(context, 'vsftpd')
    await set.run('stop', 'vsftpd')
    const [one, two] = await Promise.all([set.run('start', 'vsftpd'), set.run('start', 'vsftpd')])
    expect(one.split('\n')[1]).toBe(two.split('\n')[1])
    expect(programsOf(join(set.folder, 'data', 'config', 'vsftpd.conf'))).toBe(1)
  })

  test('brings back what died, and leaves the rest alone', async context => {
    const { port } = set.details(context, 'vsftpd')
    const before = processes()
    process.kill(before['vsftpd'] ?? 0, 'SIGKILL')
    await expect.poll(listeningPorts).not.toContain(port)
    await set.run('start')
    const after = processes()
    expect(after['vsftpd']).not.toBe(before['vsftpd'])
    expect({ ...after, vsftpd: 0 }).toEqual({ ...before, vsftpd: 0 })
    expect(listeningPorts()).toContain(port)
  })

  test('does not trust the pid file of a process that is another one by now', async context => {
    const { port } = set.details(context, 'sshd')
    await set.run('stop', 'sshd')
    const other = spawn('sleep', ['1000'])
    try {
      const identity = identify(other.pid ?? 0, 'sleep')
      expect(identity).toBeDefined()
      const stale = [
        { ...identity, started: '1' },
        { ...identity, boot: 'before' },
        { ...identity, program: 'sshd' },
      ]
      for (const content of [...stale.map(one => JSON.stringify(one)), String(other.pid), '']) {
        writeFileSync(join(set.folder, 'data', 'run', 'sshd.json'), content)
        await set.run('start', 'sshd')
        expect(processes()['sshd']).not.toBe(other.pid)
        expect(listeningPorts()).toContain(port)
        await set.run('stop', 'sshd')
      }
      writeFileSync(join(set.folder, 'data', 'run', 'sshd.json'), JSON.stringify(stale[0]))
      await set.run('stop', 'sshd')
      expect(other.exitCode ?? other.signalCode).toBeNull()
    } finally {
      other.kill('SIGKILL')
      await set.run('start', 'sshd')
    }
  }, 120_000)

  test('a lock that a dead process left is taken over', async context => {
    skipElsewhere(context)
    writeFileSync(join(set.folder, 'lock'), JSON.stringify({ ...identify(process.pid), started: '1' }))
    await set.run('start')
    expect(existsSync(join(set.folder, 'lock'))).toBe(false)
  })

  test('says why a server cannot be started, starts the others, and fails not', async context => {
    const { port } = set.details(context, 'pureftpd')
    await set.run('stop', 'pureftpd', 'proftpd')
    const occupant = createServer().listen(port, '127.0.0.1')
    try {
      const said = await set.run('start')
      expect(said).toMatch(/^pureftpd +not available: pureftpd cannot listen on port \d+: another program does/m)
      expect(said).toMatch(/^proftpd +127\.0\.0\.1:/m)
    } finally {
      await new Promise(resolve => occupant.close(resolve))
    }
    expect(await set.run('start')).toMatch(/^pureftpd +127\.0\.0\.1:/m)
  })

  test('passwords and keys are for root only', context => {
    skipElsewhere(context)
    const secrets = ['passwords.json', 'host', 'user', 'user-with-passphrase', 'server.key', 'ca.key', 'combined.pem']
    const files = [join(set.folder, 'services.json'), ...secrets.map(name => join(set.folder, 'data', 'secrets', name))]
    expect(files.filter(file => (statSync(file).mode & 0o077) !== 0)).toEqual([])
  })

  test('a name that is no service is an error that names those that there are', async () => {
    await expect(set.run('start', 'telnetd')).rejects.toMatchObject({ stderr: expect.stringContaining(`there are ${names.join(', ')}`) })
  })
})

describe('service', () => {
  const print = (name: string): string => `import { service } from './index.mjs'; console.log(JSON.stringify(await service('${name}')))`

  test('tells what start wrote down', async context => {
    const details = set.details(context, 'sshd')
    expect(JSON.parse(await set.evaluate(print('sshd')))).toEqual(details)
  })

  test('as a task of turbo that was told of no servers, there are none: its result is kept', async context => {
    set.details(context, 'sshd')
    expect(JSON.parse(await set.evaluate(print('sshd'), { TURBO_HASH: 'x' }))).toMatchObject({ available: false })
    expect(JSON.parse(await set.evaluate(print('sshd'), { TURBO_HASH: 'x', SYNCLINE_SERVICES: 'vsftpd 3.0.3' }))).toMatchObject({ available: false })
    expect(JSON.parse(await set.evaluate(print('sshd'), { TURBO_HASH: 'x', SYNCLINE_SERVICES: 'vsftpd 3, sshd 9' }))).toMatchObject({
      available: true,
    })
  })

  test('by hand, what died is not available; in a run of tests it is an error', async context => {
    set.details(context, 'sftp-basic')
    process.kill(processes()['sftp-basic'] ?? 0, 'SIGKILL')
    try {
      expect(JSON.parse(await set.evaluate(print('sftp-basic')))).toMatchObject({ available: false, reason: expect.stringContaining('any more') })
      await expect(set.evaluate(print('sftp-basic'), { SYNCLINE_SERVICES: 'sftp-basic 1.3.8' })).rejects.toThrow(/has died/)
    } finally {
      await set.run('start', 'sftp-basic')
    }
  })

  test('what was never started says how to start it', async context => {
    skipElsewhere(context)
    const env = { SYNCLINE_SERVICES_DIR: join(set.folder, 'none') }
    expect(JSON.parse(await set.evaluate(print('sshd'), env))).toMatchObject({
      available: false,
      reason: expect.stringContaining('services.mjs start'),
    })
  })
})

describe('stop', () => {
  test('ends sessions too', async context => {
    const { port } = set.details(context, 'vsftpd')
    const socket = connect(port, '127.0.0.1')
    await new Promise(resolve => socket.once('data', resolve))
    const ended = new Promise(resolve => socket.once('close', resolve).on('error', () => {}))
    await set.run('stop', 'vsftpd')
    await ended
    expect(programsOf(join(set.folder, 'data', 'config', 'vsftpd.conf'))).toBe(0)
    await set.run('start', 'vsftpd')
  })

  test('what a server stored is gone', async context => {
    const { root } = set.details(context, 'proftpd')
    writeFileSync(join(root, 'old'), '')
    await set.run('stop', 'proftpd')
    await set.run('start', 'proftpd')
    expect(readdirSync(root)).toEqual(['full-disk'])
  })

  test('leaves no listener, no process, no mount and no loop device', async context => {
    skipElsewhere(context)
    const { base } = set.state()
    await set.run('stop')
    expect(listeningPorts().filter(port => port >= base && port < base + portsPerPlace)).toEqual([])
    expect(mounts()).toEqual([])
    await expect.poll(loopDevices).toEqual([])
    expect(programsOf(set.folder)).toBe(0)
    await expect(execute('getent', ['passwd', `syncline-${base}`])).rejects.toThrow()
    expect(await set.run('stop')).toBe('')
  })
})

describe('holdServices', () => {
  const hold = `import { holdServices } from './hold.mjs'; const held = await holdServices(() => {}); `
  const wait = `process.stdout.write('held'); await new Promise(resolve => process.stdin.once('data', resolve)); process.stdin.destroy(); `

  test('stops what it started, as soon as nobody else holds it', async context => {
    skipElsewhere(context)
    const [one, two] = [holder(), holder()]
    await one.held
    await two.held
    await one.release()
    const before = processes()
    expect(await set.run('status')).not.toContain('not started')
    await two.release()
    expect(processes()).toEqual({})
    expect(Object.keys(before).length).toBeGreaterThan(0)
  })

  test('leaves what was started by hand', async context => {
    skipElsewhere(context)
    await set.run('start', 'sshd')
    await set.evaluate(`${hold} await held.release()`)
    expect(Object.keys(processes()).sort()).toEqual(['sshd', 'sshd-interactive'])
    await set.run('stop')
  })

  test('killed in the middle, it holds nothing any more', async context => {
    skipElsewhere(context)
    const dead = holder()
    await dead.held
    dead.kill('SIGKILL')
    await set.evaluate(`${hold} await held.release()`)
    expect(processes()).toEqual({})
  })

  test('interrupted, it stops what it started', async context => {
    skipElsewhere(context)
    const interrupted = holder()
    await interrupted.held
    interrupted.kill('SIGINT')
    expect(await interrupted.ended).toBe(130)
    expect(processes()).toEqual({})
  })

  test('its signature names what there is in which version', async context => {
    skipElsewhere(context)
    const signature = await set.evaluate(`${hold} console.log(held.signature); await held.release()`)
    expect(signature).toMatch(/^(none|[\w-]+ [^,]+(, [\w-]+ [^,]+)*)\n$/)
    for (const [name, found] of Object.entries(set.state().services)) if (found.available) expect(signature).toContain(`${name} `)
  })

  function holder(): { held: Promise<unknown>; ended: Promise<number | null>; release(): Promise<unknown>; kill(signal: NodeJS.Signals): void } {
    const script = `${hold} ${wait} await held.release()`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { env: set.env, cwd: join(import.meta.dirname, '..', 'src') })
    const ended = new Promise<number | null>(resolve => child.once('close', resolve))
    return {
      held: new Promise(resolve => child.stdout.once('data', resolve)),
      ended,
      release: async () => {
        child.stdin.end('go on')
        return await ended
      },
      kill: signal => void child.kill(signal),
    }
  }
})

describe('clean', () => {
  test('leaves no user and no file', async context => {
    skipElsewhere(context)
    await set.run('start', 'sshd')
    const { base } = set.state()
    await execute('getent', ['passwd', `syncline-${base}`])
    await set.run('clean')
    await expect(execute('getent', ['passwd', `syncline-${base}`])).rejects.toThrow()
    expect(existsSync(set.folder)).toBe(false)
  })
})

/** Process of each server that runs. */
function processes(): Record<string, number> {
  const folder = join(set.folder, 'data', 'run')
  const files = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')) : []
  return Object.fromEntries(files.map(name => [name.slice(0, -'.json'.length), JSON.parse(readFileSync(join(folder, name), 'utf8')).pid]))
}

function mounts(): string[] {
  return mountPoints().filter(mount => mount.startsWith(set.folder))
}

/** How many processes have a text in their command line. */
function programsOf(text: string): number {
  const ids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
  return ids.filter(id => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(text)
    } catch {
      return false
    }
  }).length
}

function loopDevices(): string[] {
  const files = readdirSync('/sys/block').map(name => `/sys/block/${name}/loop/backing_file`)
  return files.filter(file => existsSync(file) && readFileSync(file, 'utf8').startsWith(set.folder))
}
