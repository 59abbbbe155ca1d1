import { chownSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withService } from '@syncline/services/vitest'
import { expect, test } from 'vitest'
import { publish } from './publish.ts'

test('nothing happens without a yes, then all of it, then only what changed', async context => {
  const server = await withService(context, 'sshd')
  const local = await mkdtemp(join(tmpdir(), 'syncline-example-'))
  const remote = await mkdtemp(join(server.root, 'example-'))
  chownSync(remote, server.uid, server.gid)
  const { host, port, user, knownHostsFile: knownHosts } = server
  const place = { host, port, user, path: remote, identityFiles: [server.keyFile], knownHosts, config: false } as const
  const questions: string[] = []
  const answer = (yes: boolean) => async (summary: string) => {
    questions.push(summary)
    return yes
  }
  try {
    const [site, state] = [join(local, 'site'), join(local, 'state')]
    for (const directory of [site, state]) await mkdir(directory)
    for (const name of ['index.html', 'about.html', 'old.html']) await writeFile(join(site, name), name)
    await publish(site, place, state, answer(false))
    expect(await readdir(remote)).toEqual([])
    await publish(site, place, state, answer(true))
    expect((await readdir(remote)).sort()).toEqual(['about.html', 'index.html', 'old.html'])
    await writeFile(join(site, 'index.html'), 'a new start')
    await rm(join(site, 'old.html'))
    const { stats, exitCode } = await publish(site, place, state, answer(true))
    expect([stats.uploads, stats.deletesDestination, exitCode]).toEqual([1, 1, 0])
    expect(await readFile(join(remote, 'index.html'), 'utf8')).toBe('a new start')
    expect(questions).toEqual([
      '3 to send, 0 to remove, 0 up to date',
      '3 to send, 0 to remove, 0 up to date',
      '1 to send, 1 to remove, 1 up to date',
    ])
  } finally {
    for (const directory of [local, remote]) await rm(directory, { recursive: true })
  }
})
