import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { FtpDetails } from '@syncline/services'
import { withService } from '@syncline/services/vitest'
import { openScratch } from '../test/servers.ts'

// The table of docs/adapters/ftp.md is printed from storages that are opened here. SYNCLINE_WRITE_DOCS=1 writes it anew.

const file = fileURLToPath(new URL('../../../docs/adapters/ftp.md', import.meta.url))
const optional = ['makeSymlink', 'setModified', 'setMode', 'copy', 'move', 'upload', 'hash', 'flush', 'freeSpace'] as const

async function rowOf(title: string, server: FtpDetails): Promise<string> {
  await using scratch = await openScratch({ ...server, available: true }, { probe: 'open' })
  // How many calls help depends on the time a request takes.
  const { concurrency: _, ...rest } = scratch.storage.capabilities
  const promised = Object.entries(rest).map(([name, value]) =>
    value === true ? name : `${name} ${Array.isArray(value) ? value.join(' ') : String(value)}`,
  )
  return `| ${title} | ${promised.join(', ')} | ${optional.filter(name => scratch.storage[name] !== undefined).join(', ')} |`
}

test('docs/adapters/ftp.md says what opened storages can do', async context => {
  const [vsftpd, proftpd, pureftpd] = [
    await withService(context, 'vsftpd'),
    await withService(context, 'proftpd'),
    await withService(context, 'pureftpd'),
  ]
  const table = [
    '| server | capabilities | methods |',
    '| --- | --- | --- |',
    await rowOf('vsftpd', vsftpd),
    await rowOf('ProFTPD', proftpd),
    await rowOf('pure-ftpd', pureftpd),
  ].join('\n')
  const page = readFileSync(file, 'utf8')
  const [before, after] = page.split(/(?<=<!-- table: capabilities -->\n)[^]*?(?=<!-- end -->)/)
  const expected = `${before}\n${table}\n\n${after}`
  if (process.env['SYNCLINE_WRITE_DOCS'] === '1') writeFileSync(file, expected)
  expect(readFileSync(file, 'utf8'), 'stale; write it with SYNCLINE_WRITE_DOCS=1').toBe(expected)
})
