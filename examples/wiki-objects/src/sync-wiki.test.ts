import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { memory } from '@syncline/core'
import { fs } from '@syncline/fs'
import { s3 } from '@syncline/s3'
import { withService } from '@syncline/services/vitest'
import { expect, test } from 'vitest'
import { syncWiki, type WikiPlaces } from './sync-wiki.ts'
import { Page, Poll, type Wiki } from './wiki.ts'

test('two wikis that share a bucket become one, and nobody loses a page', { timeout: 120_000 }, async context => {
  const { endpoint, region, accessKeyId, secretAccessKey } = await withService(context, 's3')
  const credentials = { accessKeyId, secretAccessKey }
  const name = `example-${randomUUID()}`
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: name }))
  const root = await mkdtemp(join(tmpdir(), 'syncline-wiki-'))
  const bucket = s3({ bucket: name, endpoint, region, credentials })
  const places = async (who: string): Promise<WikiPlaces> => {
    for (const part of ['files', 'state']) await mkdir(join(root, who, part), { recursive: true })
    return { files: fs(join(root, who, 'files')), state: fs(join(root, who, 'state')), bucket }
  }
  const [anasPlaces, bensPlaces] = [await places('ana'), await places('ben')]
  const poll = Object.assign(new Poll(), { question: 'Tabs?', votes: { no: 3 } })
  const ana: Wiki = new Map<string, unknown>([
    ['home', new Page('Welcome', 'start')],
    ['old', new Page('Old news')],
    ['recipes', new Map([['soup', new Page('Water')]])],
    ['poll', poll],
  ])
  const ben: Wiki = new Map()
  try {
    await syncWiki(ana, anasPlaces)
    await syncWiki(ben, bensPlaces)
    expect(ben).toEqual(ana)
    expect(ben.get('home')).toBeInstanceOf(Page)
    expect(await readFile(join(root, 'ben', 'files', 'wiki', 'recipes', 'soup'), 'utf8')).toBe('Water')

    // Both add a page, so both change the same list; each edits something, and Ben deletes a page that Ana edits.
    ana.set('from ana', new Page('A'))
    ;(ana.get('old') as Page).text = 'Old news, but true'
    poll.votes = { no: 4 }
    ben.set('from ben', new Page('B', 'new'))
    ;(ben.get('recipes') as Map<string, Page>).set('salad', new Page('Leaves'))
    ben.delete('old')
    await syncWiki(ana, anasPlaces)
    await syncWiki(ben, bensPlaces)
    await syncWiki(ana, anasPlaces)
    expect(sorted(ana)).toEqual(sorted(ben))
    expect([...ana.keys()].sort()).toEqual(['from ana', 'from ben', 'home', 'old', 'poll', 'recipes'])
    expect(ben.get('old')).toEqual(new Page('Old news, but true'))
    expect((ana.get('from ben') as Page).tags).toEqual(['new'])

    // A deletion that nobody minds.
    ;(ana.get('recipes') as Map<string, Page>).delete('soup')
    await syncWiki(ana, anasPlaces)
    const { objects } = await syncWiki(ben, bensPlaces)
    expect(objects.map(({ action, path }) => [action, path])).toEqual([['delete', 'wiki/recipes/soup']])

    // Two texts of one page: one is in the wikis, and both are in the bucket.
    ;(ana.get('home') as Page).text = 'Welcome, says Ana'
    ;(ben.get('home') as Page).text = 'Welcome, says Ben'
    await syncWiki(ana, anasPlaces)
    await syncWiki(ben, bensPlaces)
    await syncWiki(ana, anasPlaces)
    expect(sorted(ana)).toEqual(sorted(ben))
    const texts: string[] = []
    for await (const entries of bucket.list('wiki', { recursive: false }))
      for (const { kind, path } of Array.isArray(entries) ? entries : [entries])
        if (kind === 'file' && path.startsWith('wiki/home')) texts.push(await textOf(path))
    expect(texts.sort()).toEqual(['Welcome, says Ana', 'Welcome, says Ben'])
    expect((await syncWiki(ana, anasPlaces)).objects).toEqual([])
  } finally {
    const paths: string[] = []
    for await (const page of bucket.list('')) for (const { path } of Array.isArray(page) ? page : [page]) paths.push(path)
    for (const path of paths) await bucket.remove(path)
    for (const { files, state } of [anasPlaces, bensPlaces]) for (const storage of [files, state]) await storage.close?.()
    await bucket.close?.()
    await client.send(new DeleteBucketCommand({ Bucket: name }))
    await rm(root, { recursive: true })
  }

  async function textOf(path: string): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of bucket.read(path)) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
})

test('a wiki that is edited while it is synchronized keeps the edit, and the next sync goes on', async () => {
  const bucket = memory()
  const anasPlaces = { files: memory(), state: memory(), bucket }
  const bensPlaces = { files: memory(), state: memory(), bucket }
  const ana: Wiki = new Map<string, unknown>([
    ['home', new Page('one')],
    ['other', new Page('two')],
  ])
  const ben: Wiki = new Map()
  await syncWiki(ana, anasPlaces)
  await syncWiki(ben, bensPlaces)
  ;(ana.get('home') as Page).text = 'changed by Ana'
  await syncWiki(ana, anasPlaces)
  const editing: WikiPlaces = {
    ...bensPlaces,
    files: {
      ...bensPlaces.files,
      write: (...args) => {
        ;(ben.get('other') as Page).text = 'changed by Ben meanwhile'
        return bensPlaces.files.write(...args)
      },
    },
  }
  await expect(syncWiki(ben, editing)).rejects.toThrow('changed since they were checked')
  expect((ben.get('home') as Page).text).toBe('one')
  await syncWiki(ben, bensPlaces)
  expect([...ben.values()].map(page => (page as Page).text)).toEqual(['changed by Ana', 'changed by Ben meanwhile'])
  await syncWiki(ana, anasPlaces)
  expect(sorted(ana)).toEqual(sorted(ben))
})

/** Keys in order: objects come into being in another order at the other end. */
function sorted(wiki: unknown): unknown {
  return wiki instanceof Map ? [...(wiki as Wiki)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, sorted(value)]) : wiki
}
