import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, type TestContext } from 'vitest'
import { collect, isStorageError, memory, toBytes, type Entry, type Upload, type WritableStorage } from '@syncline/core'
import { control, type SftpDetails } from '@syncline/services'
import { faultProxy, type FaultProxy } from '@syncline/services/fault-proxy'
import { withService } from '@syncline/services/vitest'
import { login, makeDirectory } from '../test/servers.ts'
import type { SftpOptions } from './options.ts'
import { sftp } from './sftp.ts'

interface Bad extends AsyncDisposable {
  readonly storage: WritableStorage
  readonly proxy: FaultProxy
  readonly server: SftpDetails
  readonly root: string
}

/** A storage behind a network that can fail. */
async function behindProxy(context: TestContext, options: Partial<SftpOptions> = {}): Promise<Bad> {
  const server = await withService(context, 'sshd')
  const proxy = await faultProxy({ host: server.host, port: server.port })
  const root = makeDirectory(server)
  const storage = await sftp({ ...throughProxy(server, proxy), path: root, ...options })
  return {
    storage,
    proxy,
    server,
    root,
    [Symbol.asyncDispose]: async () => {
      await storage.close?.()
      await proxy.close()
      rmSync(join(root, '..'), { recursive: true, force: true })
    },
  }
}

function throughProxy(server: SftpDetails, proxy: FaultProxy): SftpOptions {
  return { ...login(server), host: proxy.host, port: proxy.port, hostKey: server.hostKeyFingerprint, timeoutMs: 5000 }
}

const big = Buffer.alloc(6 * 1024 * 1024, 'syncline ')

async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'done'
  } catch (error) {
    return isStorageError(error) ? `${error.code}${error.retryable ? ' retryable' : ''} ${error.path ?? ''}`.trim() : `not a storage error: ${error}`
  }
}

async function namesIn(storage: WritableStorage): Promise<readonly string[]> {
  const entries: Entry[] = []
  for await (const page of storage.list('')) entries.push(...(page as readonly Entry[]))
  return entries.map(({ path, kind }) => `${kind} ${path}`)
}

describe('a connection that is cut', () => {
  test('loses nothing of a part that was put, wherever it is cut', async context => {
    await using place = await behindProxy(context)
    const { storage, proxy, root } = place
    const content = Buffer.from(Array.from({ length: 17 * 1024 * 1024 }, (_, i) => (i * 2654435761) >>> 24))
    for (const megabytes of [5.5, 6.5, 7, 7.5, 7.9, 8.1, 12, 15.9, 16.1, 16.9]) {
      const path = `cut at ${megabytes}`
      const options = { size: content.length }
      let upload = await storage.upload?.(path, options)
      const { token, partSize } = upload as Upload
      proxy.cutAfter(Math.round(megabytes * 1024 * 1024), { direction: 'up' })
      // As whoever uploads does: what was put is not put again by the same process.
      for (let index = 0, tries = 0; index * partSize < content.length;) {
        const outcome = await outcomeOf((upload as Upload).put(index, content.subarray(index * partSize, (index + 1) * partSize)))
        if (outcome === 'done') index++
        else if (tries++ > 3) throw new Error(outcome)
        else upload = await storage.upload?.(path, { ...options, resume: token })
      }
      await upload?.complete()
      expect(readFileSync(join(root, path)).equals(content), path).toBe(true)
    }
  })

  test('at the login: says so, and the next try gets in', async context => {
    const server = await withService(context, 'sshd')
    const root = makeDirectory(server)
    await using proxy = await faultProxy({ host: server.host, port: server.port })
    for (const bytes of [1, 30, 500, 1500, 2500]) {
      proxy.cutAfter(bytes)
      expect(await outcomeOf(sftp({ ...throughProxy(server, proxy), path: root })), `${bytes} bytes`).toBe('UNAVAILABLE retryable')
    }
    proxy.calm()
    const storage = await sftp({ ...throughProxy(server, proxy), path: root })
    expect(await namesIn(storage)).toEqual([])
    await storage.close?.()
    rmSync(join(root, '..'), { recursive: true })
  })

  test('anywhere before the first answer of SFTP: it is the connection that is lost, not the account that lacks SFTP', async context => {
    const server = await withService(context, 'sshd')
    await using proxy = await faultProxy({ host: server.host, port: server.port })
    const root = makeDirectory(server)
    try {
      const options = { ...throughProxy(server, proxy), path: root }
      const whole = await sftp(options)
      const needed = proxy.stats().bytesDown
      await whole.close?.()
      for (let bytes = needed - 900; bytes < needed; bytes += 30) {
        proxy.cutAfter(bytes, { direction: 'down', how: bytes % 60 === 0 ? 'end' : 'reset' })
        const outcome = await outcomeOf(sftp(options).then(storage => storage.close?.()))
        expect(outcome, `cut after ${bytes} of ${needed} bytes`).toMatch(/^(UNAVAILABLE retryable|done)/)
        proxy.calm()
      }
    } finally {
      rmSync(join(root, '..'), { recursive: true, force: true })
    }
  })

  test('in a listing: it goes on over a new connection and is complete', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy } = bad
    await Promise.all(Array.from({ length: 200 }, (_, i) => storage.write(`d${i % 20}/f${i}`, toBytes(`${i}`))))
    const expected = await namesIn(storage)
    expect(expected).toHaveLength(220)
    for (const bytes of [100, 1500, 4000, 8000]) {
      proxy.cutAfter(bytes, { direction: 'down' })
      expect(await namesIn(storage), `${bytes} bytes`).toEqual(expected)
    }
    expect(proxy.stats().cuts).toBeGreaterThan(1)
  })

  test('in a listing, for good: the listing fails, and no directory looks like a problem of its own', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy } = bad
    await Promise.all(Array.from({ length: 40 }, (_, i) => storage.write(`d${i}/f`, toBytes(`${i}`))))
    proxy.cutAfter(1000, { direction: 'down' })
    proxy.refuse(true)
    expect(await outcomeOf(namesIn(storage))).toMatch(/^UNAVAILABLE retryable/)
    proxy.refuse(false)
    expect(await namesIn(storage)).toHaveLength(80)
  }, 90_000)

  test('in the middle of an upload: the old file stays, nothing else does, and the next try works', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy, root } = bad
    await storage.write('file', toBytes('old'))
    for (const bytes of [400, 100_000, 4_000_000]) {
      proxy.cutAfter(bytes, { direction: 'up' })
      expect(await outcomeOf(storage.write('file', toBytes(big))), `${bytes} bytes`).toBe('UNAVAILABLE retryable file')
      expect(readFileSync(join(root, 'file'), 'utf8')).toBe('old')
    }
    await storage.write('file', toBytes(big))
    expect(readFileSync(join(root, 'file')).equals(big)).toBe(true)
    expect(readdirSync(root)).toEqual(['file'])
  })

  test('around the last step of an upload: the file is the old or the new one, and the next write clears up', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy, root } = bad
    const seen = new Set<string>()
    for (let step = 0; step < 60; step++) {
      await storage.write('file', toBytes('old'))
      const before = proxy.stats()
      await storage.write('file', toBytes('new'), { modified: 1e12 })
      const cost = proxy.stats().bytesUp - before.bytesUp
      await storage.write('file', toBytes('old'))
      proxy.cutAfter(Math.max(1, cost - step * 12), { direction: 'up' })
      const outcome = await outcomeOf(storage.write('file', toBytes('new'), { modified: 1e12 }))
      proxy.calm()
      const content = readFileSync(join(root, 'file'), 'utf8')
      seen.add(`${outcome}: ${content}`)
      expect(['old', 'new']).toContain(content)
    }
    await storage.write('file', toBytes('last'))
    expect(readdirSync(root)).toEqual(['file'])
    // A call that failed may have had its effect; one that succeeded has it.
    expect([...seen].filter(each => each === 'done: old')).toEqual([])
    expect([...seen].some(each => each.startsWith('UNAVAILABLE'))).toBe(true)
  }, 120_000)

  test('in the middle of a download: the read goes on over a new connection', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy } = bad
    await storage.write('file', toBytes(big))
    for (const bytes of [1000, 100_000, 5_000_000]) {
      proxy.cutAfter(bytes, { direction: 'down' })
      expect(Buffer.from(await collect(storage.read('file'))).equals(big), `${bytes} bytes`).toBe(true)
    }
    expect(proxy.stats().cuts).toBe(3)
  })

  test('in the middle of a download of a file that changes meanwhile: the two are not mixed', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy, root } = bad
    await storage.write('file', toBytes(big), { modified: 1e12 })
    const reader = storage.read('file')[Symbol.asyncIterator]()
    await reader.next()
    proxy.killConnections()
    writeFileSync(join(root, 'file'), Buffer.alloc(big.length, 'other'))
    const rest = async (): Promise<void> => {
      for (let next = await reader.next(); next.done !== true; next = await reader.next()) continue
    }
    expect(await outcomeOf(rest())).toBe('PRECONDITION_FAILED file')
  })

  test('with an error for every call that was under way, and none afterwards', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy } = bad
    await storage.write('file', toBytes('x'))
    proxy.hang(true)
    const calls = Array.from({ length: 20 }, () => outcomeOf(storage.stat('file')))
    await new Promise(resolve => setTimeout(resolve, 50))
    proxy.killConnections()
    proxy.hang(false)
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['UNAVAILABLE retryable file']))
    expect((await storage.stat('file'))?.kind).toBe('file')
  })
})

describe('a server', () => {
  test('that answers no more: TIMEOUT within the time that was set, and on when it answers again', async context => {
    await using bad = await behindProxy(context, { timeoutMs: 700 })
    const { storage, proxy } = bad
    await storage.write('file', toBytes('x'))
    proxy.hang(true)
    expect(await outcomeOf(storage.stat('file'))).toBe('TIMEOUT retryable file')
    proxy.hang(false)
    expect((await storage.stat('file'))?.kind).toBe('file')
  })

  test('that answers no more is no reason to wait after an abort', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy } = bad
    proxy.hang(true)
    const reason = new Error('enough')
    const aborting = new AbortController()
    const write = storage.write('file', toBytes(big), { signal: aborting.signal })
    setTimeout(() => aborting.abort(reason), 50)
    await expect(write).rejects.toBe(reason)
    proxy.hang(false)
  })

  test('that is killed during uploads and started again: they fail or are whole, and the storage goes on', async context => {
    const server = await control.own('sshd')
    if (!server.available) return context.skip(server.reason)
    const root = makeDirectory(server)
    const storage = await sftp({ ...login(server), path: root })
    try {
      await storage.write('before', toBytes('x'))
      let release: () => void = () => undefined
      const killed = new Promise<void>(resolve => (release = resolve))
      const contentOf = (i: number): Buffer => big.subarray(0, 500_000 + i)
      // Some are whole by then, some in the middle, and some wait for a place.
      const halfway = async function* (i: number): AsyncGenerator<Uint8Array> {
        yield contentOf(i).subarray(0, 250_000)
        if (i % 2 === 1) await killed
        yield contentOf(i).subarray(250_000)
      }
      const writes = Array.from({ length: 50 }, (_, i) => outcomeOf(storage.write(`f${i}`, halfway(i))))
      await Promise.all(writes.filter((_, i) => i % 4 === 0))
      await server.kill()
      release()
      const restarted = server.start()
      const outcomes = await Promise.all(writes)
      await restarted
      expect(new Set(outcomes.map(each => each.replace(/ f\d+/, '')))).toEqual(new Set(['done', 'UNAVAILABLE retryable']))
      for (const name of readdirSync(root).filter(name => name.startsWith('f')))
        expect(statSync(join(root, name)).size, name).toBe(500_000 + Number(name.slice(1)))
      for (const [i, outcome] of outcomes.entries()) if (outcome === 'done') expect(existsSync(join(root, `f${i}`))).toBe(true)
      await Promise.all(Array.from({ length: 50 }, (_, i) => storage.write(`f${i}`, toBytes(contentOf(i)))))
      expect(readdirSync(root).filter(name => name.startsWith('.'))).toEqual([])
    } finally {
      await storage.close?.()
      await server.close()
    }
  }, 90_000)

  test.for(['sshd', 'sftp-basic'] as const)('whose disk is full (%s): NO_SPACE, the old file stays, nothing else does', async (name, context) => {
    const server = await withService(context, name)
    const { path, local } = server.fullDisk
    const storage = await sftp({ ...login(server), path })
    try {
      await storage.write('file', toBytes('old'))
      expect(await outcomeOf(storage.write('file', toBytes(Buffer.alloc(20 * 1024 * 1024, 1))))).toBe('NO_SPACE file')
      // So little that all of it is sent before the first answer comes.
      await storage.write('filler', toBytes(Buffer.alloc(6 * 1024 * 1024, 1)))
      expect(await outcomeOf(storage.write('file', toBytes(Buffer.alloc(4 * 1024 * 1024, 1))))).toBe('NO_SPACE file')
      await storage.remove('filler')
      expect(readFileSync(join(local, 'file'), 'utf8')).toBe('old')
      expect(readdirSync(local)).toEqual(['file'])
    } finally {
      await storage.remove('filler')
      await storage.remove('file')
      await storage.close?.()
    }
  })
})

describe('a batch', () => {
  test('on a disk that fills up: every file is whole or not there, and its outcome says which', async context => {
    const server = await withService(context, 'sshd')
    const { path, local } = server.fullDisk
    const source = memory()
    const names = Array.from({ length: 60 }, (_, i) => `b${i}`)
    for (const [i, name] of names.entries()) await source.write(name, toBytes(big.subarray(0, 200_000 + i)))
    const storage = await sftp({ ...login(server), path })
    try {
      await storage.write('b7', toBytes('was there before'))
      const items = names.map((name, i) => ({ from: name, to: name, size: 200_000 + i, ifNoneMatch: '*' as const }))
      const outcomes = await storage.transferFrom?.(source, items)
      const told = outcomes?.map(outcome => ('entry' in outcome ? 'whole' : (outcome.error as { code: string }).code)) ?? []
      expect(new Set(told)).toEqual(new Set(['whole', 'NO_SPACE', ...told.filter(each => each === 'PRECONDITION_FAILED')]))
      expect(told[7]).not.toBe('whole')
      expect(readFileSync(join(local, 'b7'), 'utf8')).toBe('was there before')
      for (const [i, name] of names.entries()) {
        if (i === 7) continue
        const stats = statSync(join(local, name), { throwIfNoEntry: false })
        expect(stats?.size, name).toBe(told[i] === 'whole' ? 200_000 + i : undefined)
      }
      expect(readdirSync(local).filter(name => name.startsWith('.'))).toEqual([])
    } finally {
      for (const name of names) await storage.remove(name)
      await storage.close?.()
    }
  })
})

describe('an upload whose process is killed', () => {
  test('at 60 % is gone on with by the next process, which sends only the rest', async context => {
    const server = await withService(context, 'sshd')
    await using proxy = await faultProxy({ host: server.host, port: server.port })
    const root = makeDirectory(server)
    const part = 8 * 1024 * 1024
    const parts = 10
    const content = Buffer.alloc(part * parts, 'each part the same would not show a mistake')
    for (let i = 0; i < content.length; i += 4096) content.writeUInt32BE(i, i)
    const file = join(root, '..', 'content')
    writeFileSync(file, content)
    const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'test', 'upload-child.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(JSON.stringify({ options: { ...throughProxy(server, proxy), path: root }, file, parts: 6 }))
    const token = await new Promise<string>((resolve, reject) => {
      let text = ''
      child.stdout.on('data', chunk => (text += chunk).endsWith('\n') && resolve(text.trim()))
      child.on('exit', code => reject(new Error(`the child ended with ${code} before it had put its parts`)))
    })
    child.kill('SIGKILL')
    const sent = proxy.stats().bytesUp
    expect(sent).toBeGreaterThan(part * 5)
    const storage = await sftp({ ...throughProxy(server, proxy), path: root })
    const before = proxy.stats().bytesUp
    const upload = await storage.upload?.('file', { size: content.length, modified: 1e12, mode: 0o640, resume: token })
    if (upload === undefined) throw new Error('no upload')
    for (let i = 0; i < parts; i++) await upload.put(i, content.subarray(i * part, (i + 1) * part))
    expect(await upload.complete()).toMatchObject({ size: content.length, modified: 1e12, mode: 0o640 })
    expect((proxy.stats().bytesUp - before) / content.length).toBeLessThan(0.45)
    expect(readFileSync(join(root, 'file')).equals(content)).toBe(true)
    expect(readdirSync(root)).toEqual(['file'])
    await storage.close?.()
    rmSync(join(root, '..'), { recursive: true })
  }, 90_000)

  test('and whose temporary file was damaged meanwhile is repaired', async context => {
    await using bad = await behindProxy(context)
    const { storage, root } = bad
    const first = await storage.upload?.('file', { size: 20_000_000 })
    if (first === undefined) throw new Error('no upload')
    const content = Buffer.alloc(20_000_000, 'abc')
    const put = async (upload: typeof first): Promise<void> => {
      for (let i = 0; i * upload.partSize < content.length; i++) await upload.put(i, content.subarray(i * upload.partSize, (i + 1) * upload.partSize))
    }
    await put(first)
    expect(await first.stored()).toEqual([0, 1, 2])
    const temporary = join(root, first.token)
    const damaged = readFileSync(temporary)
    damaged[10_000_000] = 0
    writeFileSync(temporary, damaged)
    const second = await storage.upload?.('file', { size: 20_000_000, resume: first.token })
    if (second === undefined) throw new Error('no upload')
    await put(second)
    await second.complete()
    expect(readFileSync(join(root, 'file')).equals(content)).toBe(true)
  })

  test('over a connection that is cut goes on where it was', async context => {
    await using bad = await behindProxy(context)
    const { storage, proxy, root } = bad
    const content = Buffer.alloc(30_000_000, 'xyz')
    const upload = await storage.upload?.('file', { size: content.length })
    if (upload === undefined) throw new Error('no upload')
    const { partSize } = upload
    proxy.cutAfter(12_000_000, { direction: 'up' })
    const outcomes: string[] = []
    for (let i = 0; i * partSize < content.length;) {
      const outcome = await outcomeOf(upload.put(i, content.subarray(i * partSize, (i + 1) * partSize)))
      outcomes.push(outcome)
      if (outcome === 'done') i++
      else i = 0
    }
    expect(outcomes).toContain('UNAVAILABLE retryable file')
    await upload.complete()
    expect(readFileSync(join(root, 'file')).equals(content)).toBe(true)
  })
})
