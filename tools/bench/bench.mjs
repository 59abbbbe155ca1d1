// Measures the built command against its peers, in interleaved rounds. See docs/benchmarks.md for the method.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command } from './lib/contenders.mjs'
import { installPeers, machine } from './lib/machine.mjs'
import { run } from './lib/measure.mjs'
import { readOptions, usage } from './lib/options.mjs'
import { Places } from './lib/places.mjs'
import { tablesOf } from './lib/report.mjs'
import { runRounds } from './lib/rounds.mjs'
import { measureStart, startTable } from './lib/start.mjs'

const document = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
const options = readOptions(process.argv.slice(2))
if (options.help) {
  process.stdout.write(usage)
  process.exit(0)
}
if (!existsSync(command)) throw new Error(`${command} is not there: build first, with: pnpm turbo build`)
installPeers()
mkdirSync(options.directory, { recursive: true })
const places = new Places(options.directory)
places.sweep()
rmSync(join(options.directory, 'notes'), { recursive: true, force: true })

/** @type {Record<string, import('./lib/rounds.mjs').Samples>} */
const results = {}
const say = (/** @type {string} */ line) => void process.stderr.write(`${line}\n`)
let [start, hot] = ['', '']
try {
  for (const name of options.only) {
    const setting = { rounds: options.rounds, directory: options.directory, places, say }
    if (name === 'start') start = startTable(measureStart(options.rounds))
    else if (name === 'hot')
      hot = `### The hot paths alone\n\n${run([process.execPath, fileURLToPath(new URL('./hot-paths.mjs', import.meta.url)), '500000'])}\n`
    else if (name === 'two-way') results[name] = runRounds({ ...setting, name: 'a', peers: [], bothWays: true })
    else results[name] = runRounds({ ...setting, name, peers: options.peers })
  }
} finally {
  places.close()
}

const built = statSync(command).mtime.toISOString().slice(0, 16)
const text = `${machine(places.mounted)}\n- The command as built at ${built.replace('T', ' ')} UTC, default settings of everything.\n\n${start}${hot}${tablesOf(results)}`
process.stdout.write(text)
if (options.write) {
  const [before, , after] = readFileSync(document, 'utf8').split(/(?<=<!-- figures -->\n)([\s\S]*?)(?=<!-- end of figures -->)/)
  writeFileSync(document, `${before}\n${text}\n${after}`)
}
