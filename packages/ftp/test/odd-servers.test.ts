import { describe, expect, test, type TestContext } from 'vitest'
import { collect, type Entry, toBytes, type WritableStorage } from '@syncline/core'
import { ftp } from '../src/ftp.ts'
import type { FtpOptions } from '../src/options.ts'
import { find, openScratch, optionsFor, type Server, type ServerName } from './servers.ts'
import { type Script, ScriptedServer } from './scripted-server.ts'

interface Opened extends AsyncDisposable {
  readonly server: ScriptedServer
  readonly storage: WritableStorage
}

async function open(script: Script, options: Partial<FtpOptions> = {}): Promise<Opened> {
  const server = await ScriptedServer.start(script)
  const storage = await ftp({ host: '127.0.0.1', port: server.port, probe: 'never', timeoutMs: 1000, ...options })
  return {
    server,
    storage,
    [Symbol.asyncDispose]: async () => {
      await storage.close?.()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function list({ storage }: Opened): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const page of storage.list('')) entries.push(...(page as readonly Entry[]))
  return entries
}

const facts = 'type=file;size=1;modify=20261121142443;UNIX.mode=0644;'

function* forEver(line: (i: number) => string): Generator<string> {
  for (let i = 0; ; i++) yield line(i)
}

const listing = (...lines: readonly string[]): Script => ({
  features: ['MLST type*;size*;'],
  answer: command => (command === 'MLSD' ? { data: lines.map(line => `${line}\r\n`) } : undefined),
})

describe('a hostile server', () => {
  test.each(['../../etc/passwd', '/etc/passwd', 'a/b'])('that lists %j is refused', async name => {
    await using opened = await open(listing(`${facts} ok`, `${facts} ${name}`))
    await expect(list(opened)).rejects.toMatchObject({ code: 'CORRUPT', path: '' })
  })

  test('that lists one name twice is refused', async () => {
    await using opened = await open(listing(`${facts} same`, `${facts} same`))
    await expect(list(opened)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('that lists something unclear is refused: what is left out looks deleted', async () => {
    await using opened = await open(listing(`${facts} ok`, 'what is this'))
    await expect(list(opened)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('that lists names FTP cannot ask for has problems', async () => {
    await using opened = await open(listing(`${facts} ok`, `${facts} bad\ufffd`, `${facts} carriage\rreturn`))
    expect(await list(opened)).toMatchObject([
      { kind: 'problem', path: 'bad\ufffd' },
      { kind: 'problem', path: 'carriage\rreturn' },
      { kind: 'file', path: 'ok' },
    ])
  })

  test.each([
    ['entries', (i: number) => `${facts} file ${i}\r\n`],
    ['a line', () => 'x'.repeat(1000)],
  ])('whose listing has no end of %s is left', async (_, line) => {
    const script: Script = { features: ['MLST type*;'], answer: command => (command === 'MLSD' ? { data: forEver(line) } : undefined) }
    await using opened = await open(script, { maxListingBytes: 300_000 })
    await expect(list(opened)).rejects.toMatchObject({ code: 'CORRUPT', path: '' })
  })

  test('whose answer has no end is left', async () => {
    await using opened = await open({
      answer: command => (command === 'SIZE' ? { reply: `213-${'x'.repeat(100_000)}` } : undefined),
      features: ['SIZE'],
    })
    await expect(opened.storage.stat('file')).rejects.toMatchObject({ code: 'UNAVAILABLE', path: 'file' })
  })

  test('that sends less than it said is noticed', async () => {
    await using opened = await open({
      features: ['SIZE', 'MDTM'],
      answer: (command, argument) =>
        command === 'SIZE' && argument === '/file' ? { reply: '213 100' } : command === 'RETR' ? { data: ['short'] } : undefined,
    })
    await expect(collect(opened.storage.read('file'))).rejects.toMatchObject({ code: 'UNAVAILABLE', path: 'file' })
  })

  test('that sends more than it said is noticed', async () => {
    await using opened = await open({
      features: ['SIZE', 'MDTM'],
      answer: command => (command === 'SIZE' ? { reply: '213 3' } : command === 'RETR' ? { data: ['longer'] } : undefined),
    })
    await expect(collect(opened.storage.read('file'))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', path: 'file' })
  })

  test('that keeps less than it was sent is noticed, and the old file stays', async () => {
    await using opened = await open({
      features: ['SIZE'],
      answer: (command, argument) => (command === 'SIZE' && argument.includes('tmp') ? { reply: '213 3' } : undefined),
    })
    opened.server.files.set('/file', Buffer.from('old'))
    await expect(opened.storage.write('file', toBytes('longer'))).rejects.toMatchObject({ code: 'CORRUPT', path: 'file', retryable: true })
    expect([...opened.server.files]).toEqual([['/file', Buffer.from('old')]])
  })

  test('is never sent a line break', async () => {
    await using opened = await open({ features: ['SIZE'] })
    await expect(opened.storage.write('a\r\nDELE b', toBytes('x'))).rejects.toMatchObject({ code: 'INVALID_PATH' })
    await opened.storage.remove('a\r\nDELE b')
    expect(await opened.storage.stat('a\nDELE b')).toBeUndefined()
    expect(opened.server.commands.filter(line => line.includes('DELE'))).toEqual([])
  })
})

describe('a server of the old kind', () => {
  test('that loses commands which do not wait is asked one by one', async () => {
    await using opened = await open({ features: ['SIZE'], losesPipelined: true }, { timeoutMs: 300 })
    await opened.storage.write('file', toBytes('content'))
    expect(Buffer.from(await collect(opened.storage.read('file'))).toString()).toBe('content')
    expect(opened.server.files.get('/file')?.toString()).toBe('content')
  })

  test('that knows PASV only is asked for that, and an address it names is not gone to', async () => {
    let port = 0
    await using opened = await open({
      features: ['SIZE'],
      answer: command =>
        command === 'EPSV' ? { reply: '500 what?' } : command === 'PASV' ? { reply: `227 (9,9,9,9,${port >> 8},${port & 255})` } : undefined,
    })
    const { createServer } = await import('node:net')
    const data = createServer(socket => socket.end('content'))
    await new Promise<void>(resolve => data.listen(0, '127.0.0.1', resolve))
    port = (data.address() as { port: number }).port
    opened.server.files.set('/file', Buffer.from('content'))
    expect(Buffer.from(await collect(opened.storage.read('file'))).toString()).toBe('content')
    expect(opened.server.commands).toContain('PASV')
    data.close()
  })

  test('whose rename does not replace gets the old file put aside, and back when that fails', async () => {
    let isBroken = false
    await using opened = await open({
      features: ['SIZE'],
      answer: (command, argument, files) => {
        if (command !== 'RNTO') return undefined
        return files.has(argument) || (isBroken && argument === '/file') ? { reply: '550 file exists' } : undefined
      },
    })
    opened.server.files.set('/file', Buffer.from('old'))
    await opened.storage.write('file', toBytes('new'))
    expect([...opened.server.files]).toEqual([['/file', Buffer.from('new')]])
    expect(opened.storage.capabilities.atomicWrite).toBeUndefined()
    isBroken = true
    await expect(opened.storage.write('file', toBytes('newer'))).rejects.toMatchObject({ path: 'file' })
    expect([...opened.server.files.values()].map(String)).toContain('new')
  })

  test('without a command for times keeps its own, and says so', async () => {
    await using opened = await open({ features: ['SIZE'] })
    expect(opened.storage.capabilities.modifiedPrecision).toBeUndefined()
    expect(opened.storage.setModified).toBeUndefined()
    expect(await opened.storage.write('file', toBytes('x'), { modified: 1e12 })).toEqual({ kind: 'file', path: 'file', size: 1 })
  })
})

async function found(context: TestContext, name: ServerName): Promise<Server> {
  const server = await find(name)
  return typeof server === 'string' ? context.skip(server) : server
}

describe('what was learned', () => {
  test('is known to the next storage of the same server, which tries nothing again', async context => {
    const server = await found(context, 'vsftpd')
    await using scratch = await openScratch(server)
    expect(scratch.storage.learned?.facts()).toBeUndefined()
    await scratch.storage.write('file', toBytes('x'))
    const known = JSON.parse(JSON.stringify(scratch.storage.learned?.facts()))
    const next = await ftp(optionsFor(server, scratch.path))
    try {
      expect(next.capabilities.exactNames).toBeUndefined()
      next.learned?.recall(known)
      expect(next.capabilities).toMatchObject({ exactNames: true, modifiedPrecision: 1000 })
      expect(next.learned?.facts()).toEqual(known)
    } finally {
      await next.close?.()
    }
  })

  test.each([null, 7, 'x', [], {}, { version: 2 }])('is ignored where it is %j', async facts => {
    await using opened = await open({ features: ['SIZE'] })
    opened.storage.learned?.recall(facts)
    expect(opened.storage.learned?.facts()).toBeUndefined()
  })

  test('of another server is ignored', async context => {
    const [vsftpd, proftpd] = [await found(context, 'vsftpd'), await found(context, 'proftpd')]
    await using one = await openScratch(vsftpd, { probe: 'open' })
    await using other = await openScratch(proftpd, { probe: 'never' })
    other.storage.learned?.recall(JSON.parse(JSON.stringify(one.storage.learned?.facts())))
    expect(other.storage.learned?.facts()).toBeUndefined()
  })
})
