// Changes a tree until it is killed. `agree`: two files that must agree, the first one never behind the second. `burst`: one file, in bursts.
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const [kind, root] = process.argv.slice(2)

/** @param {string} path @param {number} version */
function replace(path, version) {
  const file = openSync(`${path}.new`, 'w')
  writeSync(file, `${version}`.padStart(10, '0'))
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
}

if (kind === 'agree') {
  for (let version = 1; ; version++) {
    replace(join(root, 'a first'), version)
    replace(join(root, 'z last'), version)
    if (version === 1) process.send?.('ready')
    await setTimeout(1)
  }
}

if (kind === 'burst') {
  const file = openSync(join(root, 'file'), 'r+')
  let version = 0
  process.on('message', milliseconds => {
    // Without a pause, until the time is up: the last write comes at any moment of what the other process does.
    const end = performance.now() + Number(milliseconds)
    do writeSync(file, `${++version}`.padStart(10_000, '.'), 0)
    while (performance.now() < end)
    process.send?.('done')
  })
  process.send?.('ready')
}
