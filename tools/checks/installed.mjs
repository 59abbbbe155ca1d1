// What workspaces hide: the archives are installed by npm into an empty project, every package is imported, and two folders are synced
// by code and by the installed command. Undeclared dependencies, wrong peer ranges and a broken bin show here.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check } from './lib/check.mjs'
import { here, published, tarballOf } from './lib/packages.mjs'
import { run } from './lib/run.mjs'

const project = mkdtempSync(join(tmpdir(), 'syncline-installed-'))
try {
  await check('installed', {
    'npm install': install,
    import: importAll,
    'two folders by code': syncByCode,
    'two folders by the command': syncByCommand,
    'a storage that is not installed': lackAdapter,
  })
} finally {
  rmSync(project, { recursive: true, force: true })
}

async function install() {
  const dependencies = Object.fromEntries(published.map(({ manifest }) => [manifest.name, `file:${tarballOf(manifest)}`]))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module', dependencies }))
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], { cwd: project })
  const listed = JSON.parse(await run('npm', ['ls', '--all', '--json'], { cwd: project }))
  return `${published.length} archives, ${Object.keys(listed.dependencies).length} at the top, no unmet peer`
}

async function importAll() {
  const names = published.flatMap(({ manifest }) =>
    Object.keys(manifest.exports ?? {})
      .filter(entry => !entry.endsWith('.json'))
      .map(entry => `${manifest.name}${entry.slice(1)}`),
  )
  const code = names.map(
    name => `{ const it = await import('${name}'); if (Object.keys(it).length === 0) throw new Error('${name} exports nothing') }`,
  )
  await run(process.execPath, ['--input-type=module', '-e', code.join('\n')], { cwd: project })
  await run(process.execPath, ['--input-type=commonjs', '-e', names.map(name => `require('${name}')`).join('\n')], { cwd: project })
  return `${names.join(', ')}; by import and by require`
}

async function syncByCode() {
  const { source, destination } = makeTrees('code')
  cpSync(join(here, 'scenario', 'two-folders.mjs'), join(project, 'two-folders.mjs'))
  await run(process.execPath, ['two-folders.mjs', source, destination, join(project, 'state')], { cwd: project })
  return compare(source, destination)
}

async function syncByCommand() {
  const { source, destination } = makeTrees('command')
  const args = ['sync', source, destination, '--yes', '--json', '--state', join(project, 'state-of-command')]
  const program = join(project, 'node_modules', '.bin', 'syncline')
  const first = await run(program, args, { cwd: project })
  const last = JSON.parse(first.trimEnd().split('\n').at(-1) ?? '')
  if (last.type !== 'sync_complete' || last.exitCode !== 0) throw new Error(`the last line of --json is ${JSON.stringify(last)}`)
  const second = JSON.parse((await run(program, args, { cwd: project })).trimEnd().split('\n').at(-1) ?? '')
  if (second.stats.uploads + second.stats.downloads > 0) throw new Error(`the second run was not idle: ${JSON.stringify(second.stats)}`)
  return `${compare(source, destination)}, the second run idle`
}

async function lackAdapter() {
  rmSync(join(project, 'node_modules', '@syncline', 's3'), { recursive: true })
  const program = join(project, 'node_modules', '.bin', 'syncline')
  const said = await run(program, ['ls', 's3://bucket/x'], { cwd: project }).catch((/** @type {Error} */ error) => error.message)
  if (!said.includes('npm install @syncline/s3')) throw new Error(`without the adapter the command says ${said}`)
  return 'the command says what to install'
}

/** @param {string} name */
function makeTrees(name) {
  const source = join(project, name, 'source')
  const destination = join(project, name, 'destination')
  mkdirSync(join(source, 'docs', 'empty'), { recursive: true })
  mkdirSync(destination, { recursive: true })
  writeFileSync(join(source, 'docs', 'naïve name.txt'), 'from the source\n')
  writeFileSync(join(source, 'big.bin'), Buffer.alloc(3_000_000, 'syncline'))
  utimesSync(join(source, 'big.bin'), 1_700_000_000, 1_700_000_000)
  writeFileSync(join(destination, 'only-here.txt'), 'from the destination\n')
  return { source, destination }
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  const [left, right] = [snapshotOf(a), snapshotOf(b)]
  if (left.length < 5) throw new Error(`the source lost files: ${left.join(' | ')}`)
  if (left.join('\n') !== right.join('\n')) throw new Error(`the folders differ:\n${left.join('\n')}\n-- and --\n${right.join('\n')}`)
  return `${left.length} entries equal`
}

/**
 * @param {string} folder
 * @returns {string[]} a line per entry, with the whole content
 */
function snapshotOf(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .map(entry => {
      const file = join(entry.parentPath, entry.name)
      const content = entry.isFile() ? readFileSync(file).toString('base64') : entry.isSymbolicLink() ? readlinkSync(file) : 'directory'
      return `${file.slice(folder.length)} ${content}`
    })
    .sort()
}
