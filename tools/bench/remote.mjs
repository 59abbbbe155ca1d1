// Measures the built command against its peers over SFTP, FTP and S3, on servers of its own. See docs/benchmarks.md for the method.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { command } from './lib/contenders.mjs'
import { run } from './lib/measure.mjs'
import { cases } from './lib/remote/cases.mjs'
import { remoteTables } from './lib/remote/report.mjs'
import { runCase } from './lib/remote/rounds.mjs'

const usage = `pnpm --filter @syncline/bench remote -- [OPTIONS]

  --only LIST        cases, none for a report of what --results has: ${Object.keys(cases).join(', ')} (default all)
  --rounds N         rounds of each (default 3)
  --without LIST     contenders that are left out
  --directory DIR    where trees and the servers' data go (default in memory, where /dev/shm is)
  --command FILE     a build of the command other than this repository's
  --results FILE     keep the samples there as JSON, and go on from it
  --write            put the tables into docs/benchmarks.md
`
const document = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
const memory = '/dev/shm'
/** @type {Readonly<Record<string, string>>} */
const serverNames = { sshd: 'OpenSSH', s3: 'Ceph RADOS gateway' }
const args = process.argv.slice(2)
const { values } = parseArgs({
  args: args[0] === '--' ? args.slice(1) : args,
  options: {
    only: { type: 'string', default: Object.keys(cases).join(',') },
    rounds: { type: 'string', default: '3' },
    without: { type: 'string', default: '' },
    directory: { type: 'string', default: join(existsSync(memory) ? memory : tmpdir(), 'syncline-bench') },
    command: { type: 'string', default: command },
    results: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}
const only = values.only.split(',').filter(Boolean)
for (const name of only) if (!(name in cases)) throw new TypeError(`--only: ${name} is none of ${Object.keys(cases).join(', ')}`)
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError(`--rounds must be a whole number from 1, got ${values.rounds}`)
if (!existsSync(values.command)) throw new Error(`${values.command} is not there: build first, with: pnpm turbo build`)
installPeers()
mkdirSync(values.directory, { recursive: true })
// The programs are measured and not the disk, so the servers store where the trees are. They read this when they are loaded.
process.env['SYNCLINE_SERVICES_DIR'] ??= join(values.directory, 'services')
const { control } = await import('@syncline/services')

/** @type {{ readonly servers: Record<string, string>, readonly cases: Record<string, import('./lib/remote/rounds.mjs').Result> }} */
const results =
  values.results !== undefined && existsSync(values.results) ? JSON.parse(readFileSync(values.results, 'utf8')) : { servers: {}, cases: {} }
const say = (/** @type {string} */ line) => void process.stderr.write(`${line}\n`)
const without = values.without.split(',').filter(Boolean)
for (const service of /** @type {const} */ (['sshd', 'vsftpd', 's3'])) {
  const mine = only.filter(name => cases[name].service === service)
  if (mine.length === 0) continue
  const server = await control.own(service)
  if (!server.available) {
    say(`${service} is not available: ${server.reason}`)
    continue
  }
  results.servers[service] = server.version
  try {
    for (const name of mine) {
      results.cases[name] = await runCase({
        name,
        what: cases[name],
        details: server,
        rounds,
        without,
        directory: values.directory,
        command: values.command,
        say,
      })
      if (values.results !== undefined) writeFileSync(values.results, JSON.stringify(results))
    }
  } finally {
    await server.close()
  }
}

const ordered = Object.fromEntries(Object.keys(cases).flatMap(name => (results.cases[name] === undefined ? [] : [[name, results.cases[name]]])))
const text = `${machine()}\n\n${remoteTables(ordered)}`
process.stdout.write(text)
if (values.write) {
  const [before, , after] = readFileSync(document, 'utf8').split(/(?<=<!-- remote figures -->\n)([\s\S]*?)(?=<!-- end of remote figures -->)/)
  writeFileSync(document, `${before}\n${text}\n${after}`)
}

/** Programs of Debian that are measured or measure. */
function installPeers() {
  const missing = ['rsync', 'rclone', 'lftp', 'ssh', 'sftp', '/usr/bin/time'].filter(name => {
    try {
      run(['which', name])
      return false
    } catch {
      return true
    }
  })
  if (missing.length === 0) return
  if (process.getuid?.() !== 0) throw new Error(`not installed: ${missing.join(', ')}`)
  run(['apt-get', 'update'])
  run(['apt-get', 'install', '-y', '--no-install-recommends', 'rsync', 'rclone', 'lftp', 'openssh-client', 'time'], {
    DEBIAN_FRONTEND: 'noninteractive',
  })
}

/** What the figures were measured with, as Markdown. */
function machine() {
  const first = (/** @type {readonly string[]} */ program) => run(program).trim().split('\n')[0].replace(/ +/g, ' ')
  const [processor] = cpus()
  return [
    `- ${new Date().toISOString().slice(0, 10)}, ${cpus().length} processors (${processor.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    `- Node ${process.version}, ${first(['rsync', '--version'])}, ${first(['rclone', 'version'])}, ${first(['lftp', '--version']).split(' | ').slice(0, 2).join(' ')}`,
    `- Servers on the same machine: ${Object.entries(results.servers)
      .map(([service, version]) => `${serverNames[service] ?? service} ${version}`)
      .join(', ')}`,
  ].join('\n')
}
