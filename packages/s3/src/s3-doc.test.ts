import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { testBucket } from '@syncline/services/bucket'
import { s3 } from './s3.ts'

// docs/adapters/s3.md holds what an opened bucket says of itself. SYNCLINE_WRITE_DOCS=1 writes it anew.

const file = fileURLToPath(new URL('../../../docs/adapters/s3.md', import.meta.url))
const shouldWrite = process.env['SYNCLINE_WRITE_DOCS'] === '1'
const names = [
  'ordered',
  'atomicWrite',
  'conditional',
  'checksConditions',
  'directories',
  'modifiedPrecision',
  'exactNames',
  'hashes',
  'concurrency',
] as const

describe('docs/adapters/s3.md', () => {
  test('shows the capabilities of an opened bucket', async context => {
    await using bucket = await testBucket(context)
    const storage = s3(bucket.options)
    await storage.probe()
    const { capabilities } = storage
    const cells = names.map(name => {
      const value = capabilities[name]
      return value === undefined || value === false ? '–' : value === true ? 'yes' : Array.isArray(value) ? value.join(', ') : String(value)
    })
    const table = [`| ${names.join(' | ')} |`, `|${' --- |'.repeat(names.length)}`, `| ${cells.join(' | ')} |`].join('\n')
    const page = readFileSync(file, 'utf8')
    const [before, rest = ''] = page.split('<!-- capabilities -->\n')
    const printed = `${before}<!-- capabilities -->\n${table}\n${rest.slice(rest.indexOf('<!-- end -->'))}`
    if (shouldWrite) writeFileSync(file, printed)
    expect(readFileSync(file, 'utf8'), 'stale; write it with SYNCLINE_WRITE_DOCS=1').toBe(printed)
    await storage.close?.()
  })

  test('names every parameter of a URL', async () => {
    const { parameterNames } = await import('./plugin.ts')
    const page = readFileSync(file, 'utf8')
    for (const name of parameterNames) expect(page).toContain(`| \`${name}\` |`)
  })
})
