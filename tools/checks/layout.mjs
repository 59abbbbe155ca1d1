// What every package must have, and what no tracked file may hold.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { check, settle, Skip } from './lib/check.mjs'
import { packagesIn, published, root } from './lib/packages.mjs'
import { run } from './lib/run.mjs'

/** @type {readonly import('./lib/packages.mjs').Package[]} */
const all = [
  { folder: '.', manifest: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) },
  ...['packages', 'examples', 'tools'].flatMap(folder => packagesIn(folder)),
]

await check('layout', {
  'package metadata': () => settle(published.flatMap(complaintsOf), `${published.length} packages`),
  'one version of each dependency': () => settle(differingVersions(), `${all.length} package.json files`),
  'checks know every package': () => settle(unknownToChecks(), `${published.length} packages`),
  'tracked files': trackedFiles,
  lockfile: () => {
    const lines = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8').split('\n')
    const hosts = lines.flatMap((line, i) => (/https?:\/\/|tarball:/.test(line) ? [`pnpm-lock.yaml:${i + 1}: ${line.trim()}`] : []))
    return settle(hosts, `${lines.length} lines name no host`)
  },
  changesets,
})

/**
 * @param {import('./lib/packages.mjs').Package} entry
 * @returns {string[]}
 */
function complaintsOf({ folder, manifest }) {
  /** @type {string[]} */
  const complaints = []
  const demand = (/** @type {boolean} */ holds, /** @type {string} */ what) => void (holds || complaints.push(`${folder}: ${what}`))
  const has = (/** @type {string} */ file) => existsSync(join(root, folder, file)) && statSync(join(root, folder, file)).size > 0
  demand(manifest.license === 'MIT' && has('LICENSE'), 'needs "license": "MIT" and a LICENSE')
  demand(has('README.md'), 'needs a README.md')
  demand((manifest.description ?? '') !== '', 'needs a description')
  demand(manifest.type === 'module', 'needs "type": "module"')
  demand(manifest.sideEffects === false, 'needs "sideEffects": false, so that bundlers may drop what is not used')
  demand(manifest.engines?.['node'] === all[0]?.manifest.engines?.['node'], 'needs the engines of the workspace')
  demand(manifest.publishConfig?.['access'] === 'public', 'needs "publishConfig": { "access": "public" }')
  demand((manifest.keywords ?? []).includes('sync'), 'needs keywords, "sync" among them')
  demand(
    manifest.files?.includes('dist') === true && manifest.files.includes('src'),
    'needs dist and src in "files": source maps lead to the sources',
  )
  demand(
    ['!src/**/*.test.ts', '!src/**/*.test-d.ts'].every(pattern => manifest.files?.includes(pattern)),
    'must leave tests out of "files"',
  )
  demand(manifest.exports?.['./package.json'] === './package.json', 'needs "./package.json" in "exports"')
  for (const [name, target] of Object.entries(manifest.exports ?? {})) {
    if (typeof target === 'string') continue
    const conditions = Object.keys(/** @type {object} */ (target))
    demand(
      conditions.join() === '@syncline/source,types,default',
      `exports["${name}"] needs "@syncline/source", "types" and "default", in this order`,
    )
    const source = /** @type {Record<string, string>} */ (target)['@syncline/source'] ?? ''
    demand(has(source), `exports["${name}"]: ${source} does not exist`)
  }
  for (const script of ['build', 'typecheck', 'test']) demand(manifest.scripts?.[script] !== undefined, `needs a script "${script}"`)
  for (const file of ['tsconfig.json', 'tsconfig.test.json', 'tsup.config.ts', 'vitest.config.ts']) demand(has(file), `needs ${file}`)
  return complaints
}

/** A workspace with two versions of one dependency tests one and ships the other. */
function differingVersions() {
  /** @type {Map<string, Map<string, string[]>>} */
  const versions = new Map()
  for (const { folder, manifest } of all) {
    for (const [name, version] of Object.entries({ ...manifest.optionalDependencies, ...manifest.devDependencies, ...manifest.dependencies })) {
      if (version.startsWith('workspace:')) continue
      const users = versions.get(name) ?? new Map()
      versions.set(name, users.set(version, [...(users.get(version) ?? []), folder]))
    }
  }
  return [...versions].flatMap(([name, users]) => {
    const inexact = [...users.keys()]
      .filter(version => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(version => `${name}: ${version} is not an exact version`)
    const list = [...users].map(([version, folders]) => `${version} in ${folders.join(', ')}`)
    return users.size > 1 ? [...inexact, `${name}: ${list.join('; ')}`] : inexact
  })
}

/** The checks of the built packages run for those they depend on, so that they run again when one changes. */
function unknownToChecks() {
  const known = all.find(({ manifest }) => manifest.name === '@syncline/checks')?.manifest.devDependencies ?? {}
  return published
    .filter(({ manifest }) => !(manifest.name in known))
    .map(({ manifest }) => `tools/checks/package.json: devDependencies need "${manifest.name}": "workspace:*"`)
}

async function trackedFiles() {
  const listed = await run('git', ['ls-files', '-z'], { cwd: root }).catch(() => {
    throw new Skip('this is no git work tree')
  })
  const files = listed.split('\0').filter(file => file !== '' && existsSync(join(root, file)))
  // Places that exist on this machine only: the repository, what lies beside it, the home directory. And registries, which belong to whoever installs.
  const above = dirname(root)
  const beside = [tmpdir(), dirname(tmpdir())].includes(above) ? [root] : readdirSync(above).map(name => join(above, name))
  const places = [...beside, homedir()].filter(place => place.split(sep).length > 2)
  const isBanned = (/** @type {string} */ line) =>
    places.some(place => line.includes(`${place}${sep}`)) || /\bregistry\.(npmjs|yarnpkg)\.\w+/.test(line)
  const complaints = files.flatMap(file => {
    const content = readFileSync(join(root, file))
    // Streams and archives that were recorded are what they are.
    if (content.includes(0)) return file.includes('/test/fixtures/') ? [] : [`${file}: is binary`]
    return content
      .toString()
      .split('\n')
      .flatMap((line, i) => (isBanned(line) ? [`${file}:${i + 1}: ${line.trim().slice(0, 120)}`] : []))
  })
  return settle(complaints, `${files.length} files`)
}

/** Notes for the people who use what is released: a sentence, for packages that exist. */
function changesets() {
  const folder = join(root, '.changeset')
  const names = new Set(published.map(({ manifest }) => manifest.name))
  const notes = readdirSync(folder).filter(name => name.endsWith('.md') && name !== 'README.md')
  const complaints = notes.flatMap(name => {
    const [, front, body] = /^---\n([^]*?)\n---\n+([^]+)$/.exec(readFileSync(join(folder, name), 'utf8')) ?? []
    if (front === undefined || body === undefined) return [`${name}: needs a front matter and a text`]
    const lines = front.split('\n').filter(line => line !== '')
    const bad = lines.filter(line => !names.has(/^["']([^"']+)["']: (major|minor|patch)$/.exec(line)?.[1] ?? ''))
    const first = body.split('\n', 1)[0] ?? ''
    const sentence = /^[A-Z`"][^]*[.!)]$/.test(first) && first.includes(' ')
    return [
      ...bad.map(line => `${name}: "${line}" names no package with major, minor or patch`),
      ...(sentence ? [] : [`${name}: the first line is no sentence: "${first}"`]),
    ]
  })
  return settle(complaints, `${notes.length} notes`)
}
