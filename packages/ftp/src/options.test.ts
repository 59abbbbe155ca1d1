import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { optionsFromUrl, settingsOf } from './options.ts'

const from = (url: string, environment: Record<string, string> = {}): ReturnType<typeof optionsFromUrl> => optionsFromUrl(new URL(url), environment)

describe('optionsFromUrl', () => {
  test('reads user, host, port, path and parameters', () => {
    expect(from('ftp://ana%40home@host:2121/a%20b/c?tls=explicit&connections=3&timeout=5&probe=never')).toMatchObject({
      user: 'ana@home',
      host: 'host',
      port: 2121,
      path: 'a b/c',
      tls: 'explicit',
      connections: 3,
      timeoutMs: 5000,
      probe: 'never',
    })
    expect(from('ftp://[::1]//absolute')).toMatchObject({ host: '::1', path: '/absolute' })
    expect(from('ftps://host/')).toMatchObject({ tls: 'implicit' })
  })

  test.each([
    ['ftp://ana:secret@host/', /password in a URL/],
    ['ftp://host/?colour=red', /no parameter "colour"; known are tls, ca,/],
    ['ftp://host/?tls=maybe', /tls must be one of/],
    ['ftps://host/?tls=none', /implicit TLS/],
    ['ftp://host/?connections=many', /must be a number/],
  ])('refuses %s', (url, message) => {
    expect(() => from(url)).toThrow(message)
    expect(() => from(url)).not.toThrow(/secret/)
  })

  test('takes the password from the environment for a user, and never for an anonymous server', async () => {
    const environment = { SYNCLINE_FTP_PASSWORD: 'hush' }
    expect(await (await settingsOf(from('ftp://ana@host/', environment))).password()).toBe('hush')
    expect(await (await settingsOf(from('ftp://host/', environment))).password()).toBe('anonymous@')
  })
})

describe('settingsOf', () => {
  test('takes the password from a file, a command, a function, or the person', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'syncline-ftp-'))
    try {
      const file = join(directory, 'password')
      await writeFile(file, 'of the file\nsecond line')
      const password = async (options: object): Promise<string> => await (await settingsOf({ host: 'h', user: 'ana', ...options })).password()
      expect(await password({ passwordFile: file })).toBe('of the file')
      expect(await password({ passwordCommand: 'echo of the command' })).toBe('of the command')
      expect(await password({ password: () => Promise.resolve('of the function') })).toBe('of the function')
      const prompt = async ({ text, secret }: { text: string; secret: boolean }): Promise<string> => `${text} ${secret}`
      expect(await password({ prompt })).toBe('password of ftp://ana@h true')
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('says where a password can come from if there is none, and repeats none that is wrong', async () => {
    const { password } = await settingsOf({ host: 'h', user: 'ana' })
    await expect(password()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining('SYNCLINE_FTP_PASSWORD_FILE') })
    const broken = (await settingsOf({ host: 'h', user: 'ana', password: 'hush\r\nDELE x' })).password()
    await expect(broken).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: expect.not.stringContaining('hush') })
    const failing = (await settingsOf({ host: 'h', user: 'ana', passwordCommand: 'echo hush >&2; exit 3' })).password()
    await expect(failing).rejects.toMatchObject({ message: expect.stringMatching(/code 3$/) })
  })

  test.each([
    [{ host: '' }, /host/],
    [{ host: 'h', port: 0 }, /port/],
    [{ host: 'h', connections: 0 }, /connections/],
    [{ host: 'h', path: '../up' }, /"\.\."/],
    [{ host: 'h', user: 'a\r\nDELE x' }, /control characters/],
    [{ host: 'h', fingerprint: 'ab:cd' }, /SHA-256/],
    [{ host: 'h', tls: 'none', ca: 'file' }, /tls is none/],
  ] as const)('refuses %j', async (options, message) => {
    await expect(settingsOf(options)).rejects.toThrow(message)
  })
})
