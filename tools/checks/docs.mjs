// The documents: every relative link leads somewhere, and every example marked as runnable compiles and runs.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { check, settle } from './lib/check.mjs'
import { here, root } from './lib/packages.mjs'
import { run } from './lib/run.mjs'

const listed = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '*.md'], { cwd: root })
const documents = listed.split('\0').filter(file => file !== '' && existsSync(join(root, file)))
const examples = documents.flatMap(examplesOf)
const folder = join(here, '.examples')

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const { file, code } of examples) writeFileSync(file, code)
try {
  await check('docs', {
    links: () => settle(documents.flatMap(brokenLinks), `${documents.length} documents`),
    ...(examples.length > 0 && { 'examples compile': compile }),
    ...Object.fromEntries(examples.map(({ place, file }) => [`example ${place}`, () => execute(file)])),
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** @param {string} document */
function brokenLinks(document) {
  const text = withoutCode(readFileSync(join(root, document), 'utf8'))
  const targets = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g), ...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map(
    match => match[1] ?? '',
  )
  return targets.flatMap(target => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return []
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? join(root, document) : resolve(root, dirname(document), decodeURIComponent(path))
    if (!existsSync(file)) return [`${document}: ${target} does not exist`]
    if (anchor === undefined || !file.endsWith('.md')) return []
    return anchorsOf(file).has(anchor) ? [] : [`${document}: ${target}: ${relative(root, file)} has no such heading`]
  })
}

/**
 * The anchors that a document's headings have where it is rendered.
 *
 * @param {string} file
 */
function anchorsOf(file) {
  const headings = withoutCode(readFileSync(file, 'utf8')).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)
  /** @type {Map<string, number>} */
  const seen = new Map()
  return new Set(
    [...headings].map(([, heading = '']) => {
      const plain = heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
        .replace(/ /g, '-')
      const count = seen.get(plain) ?? 0
      seen.set(plain, count + 1)
      return count === 0 ? plain : `${plain}-${count}`
    }),
  )
}

/** @param {string} text */
function withoutCode(text) {
  return text.replace(/^(\s*)(`{3,}|~{3,})[^\n]*\n[^]*?^\s*\2\s*$/gm, '').replace(/`[^`\n]*`/g, '``')
}

/**
 * Fences that say "ts runnable".
 *
 * @param {string} document
 */
function examplesOf(document) {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(/^```ts runnable[^\n]*\n([^]*?)^```/gm)].map(match => {
    const line = text.slice(0, match.index).split('\n').length
    const file = join(here, '.examples', `${document.replace(/\W+/g, '-')}-${line}.ts`)
    return { place: `${document}:${line}`, file, code: `${match[1] ?? ''}\nexport {}\n` }
  })
}

async function compile() {
  const config = { extends: '../tsconfig.examples.json', include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(dirname(createRequire(pathToFileURL(join(root, 'package.json'))).resolve('typescript/package.json')), 'bin', 'tsc')
  await run(process.execPath, [tsc, '-p', join(folder, 'tsconfig.json')])
  return `${examples.length} examples`
}

/** @param {string} file */
async function execute(file) {
  const out = file.replace(/\.ts$/, '.mjs')
  await build({
    entryPoints: [file],
    outfile: out,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
  })
  const printed = await run(process.execPath, [out], { timeout: 60_000 })
  return `printed ${printed.split('\n').length - 1} lines`
}
