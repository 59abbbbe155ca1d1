import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { SftpDetails } from '@syncline/services'
import { withService } from '@syncline/services/vitest'
import { openScratch } from '../test/servers.ts'
import type { SftpOptions } from './options.ts'

// The table of docs/adapters/sftp.md is printed from storages that are opened here. SYNCLINE_WRITE_DOCS=1 writes it anew.

const file = fileURLToPath(new URL('../../../docs/adapters/sftp.md', import.meta.url))
const optional = ['makeSymlink', 'setModified', 'setMode', 'copy', 'move', 'upload', 'hash', 'flush', 'freeSpace'] as const

async function rowOf(title: string, server: SftpDetails, options: Partial<SftpOptions> = {}): Promise<string> {
  await using scratch = await openScratch(server, options)
  const { capabilities } = scratch.storage
  // It depends on the time a request takes.
  const { concurrency: _, ...rest } = capabilities
  const promised = Object.entries(rest).map(([name, value]) =>
    value === true ? name : `${name} ${Array.isArray(value) ? value.join(' ') : String(value)}`,
  )
  return `| ${title} | ${promised.join(', ')} | ${optional.filter(name => scratch.storage[name] !== undefined).join(', ')} |`
}

test('docs/adapters/sftp.md says what opened storages can do', async context => {
  const [openssh, basic] = [await withService(context, 'sshd'), await withService(context, 'sftp-basic')]
  const table = [
    '| server | capabilities | methods |',
    '| --- | --- | --- |',
    await rowOf('OpenSSH', openssh),
    await rowOf("OpenSSH, `remoteHash: 'auto'`", openssh, { remoteHash: 'auto' }),
    await rowOf('ProFTPD mod_sftp', basic),
  ].join('\n')
  const page = readFileSync(file, 'utf8')
  const [before, after] = page.split(/(?<=<!-- table: capabilities -->\n)[^]*?(?=<!-- end -->)/)
  const expected = `${before}\n${table}\n\n${after}`
  if (process.env['SYNCLINE_WRITE_DOCS'] === '1') writeFileSync(file, expected)
  expect(readFileSync(file, 'utf8'), 'stale; write it with SYNCLINE_WRITE_DOCS=1').toBe(expected)
})
