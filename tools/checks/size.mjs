// What core costs in a bundle: the least a plugin imports, and all of it. A heavy dependency or a side effect shows here first.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { check } from './lib/check.mjs'
import { here } from './lib/packages.mjs'

/** @type {Readonly<Record<string, { readonly import: string, readonly limit: number }>>} bytes, minified and gzipped */
const budgets = JSON.parse(readFileSync(join(here, 'size.json'), 'utf8'))

await check(
  'size',
  Object.fromEntries(
    Object.entries(budgets).map(([name, { import: code, limit }]) => [
      name,
      async () => {
        const { outputFiles } = await build({
          stdin: { contents: code, resolveDir: here },
          bundle: true,
          minify: true,
          format: 'esm',
          platform: 'neutral',
          mainFields: ['module', 'main'],
          write: false,
          logLevel: 'silent',
        })
        const size = gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length
        if (size > limit) throw new Error(`${size} bytes gzipped, more than the budget of ${limit} in tools/checks/size.json`)
        return `${size} of ${limit} bytes gzipped`
      },
    ]),
  ),
)
