import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from './config.ts'

const home = mkdtempSync(join(tmpdir(), 'syncline-ssh-config-'))
mkdirSync(join(home, '.ssh', 'conf.d'), { recursive: true })
afterAll(() => rmSync(home, { recursive: true, force: true }))

const file = join(home, '.ssh', 'config')
writeFileSync(join(home, '.ssh', 'conf.d', 'a.conf'), 'Host included\n  HostName from-a\nHost included inc*\n  Port 1001\n')
writeFileSync(join(home, '.ssh', 'conf.d', 'b.conf'), 'Host included\n  HostName from-b\n  User bob\n')

const text = `
# a comment
Host plain
  HostName plain.example.org
  Port 2201
  User ana
  IdentityFile ${home}/.ssh/plain
Host short long
  HostName=%h.example.org
  IdentityFile "${home}/with space"
  IdentitiesOnly yes
Host *.example.net !bad.example.net
  ProxyJump jump@gate:2222,second
  Port 2202
Host quoted
  User "two words"
  ServerAliveInterval 7
  ConnectTimeout 3
Match originalhost matched user ${userInfo().username}
  Port 2203
Match host plain.example.org
  ServerAliveCountMax 9
Match !originalhost nothing
  HostKeyAlias everything
Host *
  Port 9999
  IdentityFile ${home}/.ssh/everywhere
  UserKnownHostsFile ${home}/kh1 ${home}/kh2
`
writeFileSync(file, `Include ${home}/.ssh/conf.d/*.conf\n${text}`)

/** What OpenSSH itself makes of the file. */
function asked(host: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const line of execFileSync('ssh', ['-G', '-F', file, host], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .split('\n')) {
    const [keyword = '', ...rest] = line.split(' ')
    found.set(keyword, [...(found.get(keyword) ?? []), rest.join(' ')])
  }
  return found
}

describe('readConfig', () => {
  test.each(['plain', 'short', 'long', 'a.example.net', 'bad.example.net', 'quoted', 'matched', 'included', 'incognito', 'nothing', 'unheard.of'])(
    'it says of %s what ssh says',
    host => {
      const expected = asked(host)
      const found = readConfig([file], host, { home })
      const first = (keyword: string): string | undefined => expected.get(keyword)?.[0]
      expect({
        hostName: found.hostName ?? host,
        port: `${found.port}`,
        user: found.user ?? userInfo().username,
        identityFiles: found.identityFiles,
        identitiesOnly: found.identitiesOnly ?? false,
        jump: found.proxyJump?.join(','),
        known: found.userKnownHostsFiles?.join(' '),
        alias: found.hostKeyAlias,
        alive: `${found.serverAliveInterval ?? 0} ${found.serverAliveCountMax ?? 3}`,
        unsupported: found.unsupported,
      }).toEqual({
        hostName: first('hostname'),
        port: first('port'),
        user: first('user'),
        identityFiles: expected.get('identityfile'),
        identitiesOnly: first('identitiesonly') === 'yes',
        jump: first('proxyjump'),
        known: first('userknownhostsfile'),
        alias: first('hostkeyalias'),
        alive: `${first('serveraliveinterval')} ${first('serveralivecountmax')}`,
        unsupported: [],
      })
    },
  )

  test('what it cannot do is reported, with the line, where it concerns the host', () => {
    const other = join(home, 'unsupported')
    writeFileSync(
      other,
      'Match exec "true"\n  Port 5\nHost a\n  ProxyCommand nc %h %p\nHost b\n  ProxyCommand none\nMatch host c exec "true"\n  User x\n',
    )
    expect(readConfig([other], 'a', { home })).toMatchObject({
      unsupported: [
        `${other}:1: Match exec is not supported, so what follows it is left out`,
        `${other}:4: ProxyCommand is not supported; use ProxyJump`,
      ],
    })
    expect(readConfig([other], 'b', { home }).unsupported).toHaveLength(1)
    expect(readConfig([other], 'c', { home }).unsupported).toHaveLength(2)
    expect(readConfig([other], 'a', { home }).port).toBeUndefined()
  })

  test('a file that includes itself is an error, a missing one is none', () => {
    const circle = join(home, 'circle')
    writeFileSync(circle, `Include ${circle}\n`)
    expect(() => readConfig([circle], 'a', { home })).toThrow(/includ/)
    expect(readConfig([join(home, 'none')], 'a', { home })).toEqual({ identityFiles: [], unsupported: [] })
  })

  test('~ and tokens are expanded', () => {
    const other = join(home, 'tokens')
    writeFileSync(other, 'Host t\n  HostName real\n  User u\n  IdentityFile ~/.ssh/%h-%n-%r-%p-%%\n  IdentityAgent ~/agent\n')
    expect(readConfig([other], 't', { home })).toMatchObject({
      identityFiles: [join(home, '.ssh/real-t-u-22-%')],
      identityAgent: join(home, 'agent'),
    })
  })
})
