import { chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withService } from '@syncline/services/vitest'
import { expect, test } from 'vitest'
import { backUp } from './back-up.ts'

test.for(['vsftpd', 'proftpd'] as const)('what is new on %s is brought here once, and what is deleted there stays', async (name, context) => {
  const server = await withService(context, name)
  const local = await mkdtemp(join(tmpdir(), 'syncline-example-'))
  const remote = await mkdtemp(join(server.root, 'example-'))
  await chown(remote, server.uid, server.gid)
  const { host, port, user, password, caFile: ca } = server
  const place = { host, port, user, password, path: remote.slice(server.root.length), tls: 'explicit', ca } as const
  try {
    const [copy, state] = [join(local, 'copy'), join(local, 'state')]
    for (const directory of [copy, state]) await mkdir(directory)
    const pages = ['about.html', 'index.html', 'old.html']
    for (const page of pages) await writeFile(join(remote, page), page)
    expect((await backUp(place, copy, state)).exitCode).toBe(0)
    expect(await readdir(copy)).toEqual(pages)
    expect((await backUp(place, copy, state)).plan.items).toEqual([])
    await writeFile(join(remote, 'index.html'), 'a new start')
    await rm(join(remote, 'old.html'))
    expect((await backUp(place, copy, state)).exitCode).toBe(0)
    expect(await readFile(join(copy, 'index.html'), 'utf8')).toBe('a new start')
    expect(await readFile(join(copy, 'old.html'), 'utf8')).toBe('old.html')
  } finally {
    for (const directory of [local, remote]) await rm(directory, { recursive: true })
  }
})
