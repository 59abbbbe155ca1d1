import { parseArgs } from 'node:util'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workloads } from './workloads.mjs'

/** What can be asked for beside the workloads. */
const extras = ['two-way', 'start', 'hot']

export const usage = `pnpm --filter @syncline/bench bench -- [OPTIONS]

  --only LIST        workloads: ${[...Object.keys(workloads), ...extras].join(', ')} (default all)
  --rounds N         rounds of each (default 3)
  --peers LIST       contenders besides syncline (default rsync,rclone,cp)
  --unison           with unison too, where it does not take minutes: a and b
  --directory DIR    where trees and images go (default the temporary directory)
  --write            put the table into docs/benchmarks.md
`

/** @param {readonly string[]} args */
export function readOptions(args) {
  const { values } = parseArgs({
    args: args[0] === '--' ? args.slice(1) : [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      peers: { type: 'string', default: 'rsync,rclone,cp' },
      unison: { type: 'boolean', default: false },
      directory: { type: 'string', default: join(tmpdir(), 'syncline-bench') },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const all = [...Object.keys(workloads), ...extras]
  const only = values.only?.split(',') ?? all
  for (const name of only) if (!all.includes(name)) throw new TypeError(`--only: ${name} is none of ${all.join(', ')}`)
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError(`--rounds must be a whole number from 1, got ${values.rounds}`)
  return {
    only,
    rounds,
    peers: [...values.peers.split(',').filter(Boolean), ...(values.unison ? ['unison'] : [])],
    directory: values.directory,
    write: values.write,
    help: values.help,
  }
}
