// The public surface of every package, as its declarations say it, against the copy under etc/api. `--update` renews the copies.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { check } from './lib/check.mjs'
import { published, root } from './lib/packages.mjs'

const update = process.argv.includes('--update')

await check(
  'surface',
  Object.fromEntries(
    published.map(({ folder, manifest }) => [
      manifest.name,
      () => {
        const copy = join(root, 'etc', 'api', `${manifest.name}.d.ts`)
        const now = surfaceOf(join(root, folder, 'dist'))
        const before = existsSync(copy) ? readFileSync(copy, 'utf8') : ''
        if (now === before) return `${now.split('\n').length} lines`
        if (!update)
          throw new Error(`the public surface changed. If that is meant: pnpm api:update, and a changeset\n${firstDifferences(before, now)}`)
        mkdirSync(dirname(copy), { recursive: true })
        writeFileSync(copy, now)
        return 'renewed'
      },
    ]),
  ),
)

/**
 * The declarations without what changes by itself: comments' source maps and the hashes in the names of shared files.
 *
 * @param {string} dist
 */
function surfaceOf(dist) {
  const files = readdirSync(dist)
    .filter(name => name.endsWith('.d.ts'))
    .map(name => ({ name: withoutHash(name), text: readFileSync(join(dist, name), 'utf8') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return files
    .map(
      ({ name, text }) =>
        `// ${name}\n${text
          .replace(/^\/\/# sourceMappingURL=.*$/gm, '')
          .replace(/(?<=from '|")\.\/[^'"]+(?=['"])/g, withoutHash)
          .trimEnd()}\n`,
    )
    .join('\n')
}

/** @param {string} name as `index-Bx3dKq2a.d.ts` */
function withoutHash(name) {
  return name.replace(/-[\w-]{8}(?=\.(d\.ts|js)$)/, '-HASH')
}

/**
 * @param {string} before
 * @param {string} now
 */
function firstDifferences(before, now) {
  const had = new Set(before.split('\n'))
  const has = new Set(now.split('\n'))
  const gone = [...had].filter(line => !has.has(line)).map(line => `- ${line}`)
  const come = [...has].filter(line => !had.has(line)).map(line => `+ ${line}`)
  return [...gone.slice(0, 12), ...come.slice(0, 12), gone.length + come.length > 24 ? `… ${gone.length + come.length} lines in all` : ''].join('\n')
}
