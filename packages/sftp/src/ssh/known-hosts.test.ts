import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkHostKey, hostKeyAlgorithms } from './host-key.ts'
import { findKnownKeys, fingerprint, judge, knownHostName, parseKnownHosts } from './known-hosts.ts'

const directory = mkdtempSync(join(tmpdir(), 'syncline-known-hosts-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function makeKey(name: string, type = 'ed25519'): { readonly line: string; readonly key: Buffer; readonly shown: string } {
  const file = join(directory, name)
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', file])
  const [algorithm, encoded] = readFileSync(`${file}.pub`, 'utf8').trim().split(' ') as [string, string]
  const shown = execFileSync('ssh-keygen', ['-l', '-f', `${file}.pub`])
    .toString()
    .split(' ')[1] as string
  return { line: `${algorithm} ${encoded}`, key: Buffer.from(encoded, 'base64'), shown }
}

const one = makeKey('one')
const two = makeKey('two')
const ecdsa = makeKey('three', 'ecdsa')

const kindFor = (text: string, host: string, port: number, key: Buffer): string =>
  judge(parseKnownHosts(text, 'known_hosts', knownHostName(host, port)), key).kind

describe('known_hosts', () => {
  test.each([
    ['its name', `host ${one.line}`, 'host', 22, 'known'],
    ['its name in other letters', `Host ${one.line}`, 'HOST', 22, 'known'],
    ['another name', `other ${one.line}`, 'host', 22, 'unknown'],
    ['the name without the port', `host ${one.line}`, 'host', 2222, 'unknown'],
    ['name and port', `[host]:2222 ${one.line}`, 'host', 2222, 'known'],
    ['one of several names', `a,b,host ${one.line}`, 'host', 22, 'known'],
    ['a pattern', `*.example.org ${one.line}`, 'a.example.org', 22, 'known'],
    ['a pattern that it is excepted from', `*.example.org,!a.example.org ${one.line}`, 'a.example.org', 22, 'unknown'],
    ['a question mark', `h?st ${one.line}`, 'host', 22, 'known'],
    ['another key', `host ${two.line}`, 'host', 22, 'changed'],
    ['another and this key', `host ${two.line}\nhost ${one.line}`, 'host', 22, 'known'],
    ['a key of another type', `host ${ecdsa.line}`, 'host', 22, 'other-type'],
    ['this key as revoked', `host ${one.line}\n@revoked * ${one.line}`, 'host', 22, 'revoked'],
    ['an authority', `@cert-authority * ${one.line}`, 'host', 22, 'unknown'],
    ['a comment', `# host ${one.line}`, 'host', 22, 'unknown'],
    ['a marker that nobody knows', `@trust host ${one.line}`, 'host', 22, 'unknown'],
    ['a type that is not that of the key', `host ssh-rsa ${one.line.split(' ')[1]}`, 'host', 22, 'unknown'],
    ['half a line', `host ssh-ed25519`, 'host', 22, 'unknown'],
  ])('a file that has %s', (_, text, host, port, expected) => expect(kindFor(text, host, port, one.key)).toBe(expected))

  test('names that ssh-keygen has hashed are found', () => {
    const file = join(directory, 'hashed')
    writeFileSync(file, `host ${one.line}\n[host]:2222 ${two.line}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    expect(readFileSync(file, 'utf8')).not.toContain('host')
    expect(judge(findKnownKeys([file], 'host', 22), one.key).kind).toBe('known')
    expect(judge(findKnownKeys([file], 'host', 2222), two.key).kind).toBe('known')
    expect(judge(findKnownKeys([file], 'host', 2222), one.key).kind).toBe('changed')
    expect(judge(findKnownKeys([file, join(directory, 'missing')], 'other', 22), one.key).kind).toBe('unknown')
  })

  test('fingerprints are those of ssh-keygen', () => expect([one, ecdsa].map(({ key }) => fingerprint(key))).toEqual([one.shown, ecdsa.shown]))
})

describe('checkHostKey', () => {
  const policy = (text: string, pinned: readonly string[] = []): Parameters<typeof checkHostKey>[0] => ({
    host: 'host',
    port: 2222,
    known: parseKnownHosts(text, '/home/ana/.ssh/known_hosts', '[host]:2222'),
    pinned,
    file: '/home/ana/.ssh/known_hosts',
  })

  test('an unknown key is refused with its fingerprint, and the command in the message accepts exactly this key', () => {
    const file = join(directory, 'accepted')
    const error = checkHostKey({ ...policy(''), file }, one.key)
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
    expect(error?.message).toContain(one.shown)
    const command = /(echo .*)$/.exec(error?.message ?? '')?.[1] as string
    execFileSync('/bin/sh', ['-c', command])
    expect(checkHostKey({ ...policy(''), known: findKnownKeys([file], 'host', 2222) }, one.key)).toBeUndefined()
    expect(checkHostKey({ ...policy(''), known: findKnownKeys([file], 'host', 2222) }, two.key)).toBeDefined()
  })

  test('a changed key is refused with both fingerprints, the line, and how to replace it', () => {
    const message = checkHostKey(policy(`[host]:2222 ${two.line}`), one.key)?.message
    for (const part of [one.shown, two.shown, '/home/ana/.ssh/known_hosts:1', "ssh-keygen -R '[host]:2222'", 'has changed'])
      expect(message).toContain(part)
  })

  test('a pinned key is accepted without known_hosts, another one is not, and a revoked one never is', () => {
    for (const pin of [one.shown, one.line, `${one.line} comment`]) expect(checkHostKey(policy('', [pin]), one.key)).toBeUndefined()
    expect(checkHostKey(policy(`[host]:2222 ${two.line}`, [one.shown]), two.key)?.message).toContain('hostKey')
    expect(checkHostKey(policy(`@revoked * ${one.line}`, [one.shown]), one.key)?.message).toContain('revoked')
  })

  test('the server is asked for a type that is known before the others, and never for one that needs SHA-1', () => {
    expect(hostKeyAlgorithms(policy(`[host]:2222 ${ecdsa.line}`))[0]).toBe('ecdsa-sha2-nistp256')
    expect(hostKeyAlgorithms(policy(''))).not.toContain('ssh-rsa')
  })
})
