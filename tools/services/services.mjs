#!/usr/bin/env node
// Starts, shows and stops the servers that the tests use.
import { componentOf, components } from './src/components/index.mjs'
import { install, missingPackages, whyNotHere } from './src/debian.mjs'
import { lineOf } from './src/lines.mjs'
import { cleanServices, startServices, statusOfServices, stopServices } from './src/start.mjs'

const print = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`)
const chosen = (/** @type {readonly string[]} */ names) => (names.length === 0 ? components : names.map(componentOf))

/** @type {Record<string, (names: readonly string[]) => Promise<void>>} */
const commands = {
  start: async names => {
    const began = performance.now()
    const all = await startServices(names, { say: print, keep: true })
    for (const { name, found } of all) print(lineOf(name, found))
    print(`${all.filter(({ found }) => found.available).length} of ${all.length} services in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  },
  stop: stopServices,
  status: async () => {
    for (const { name, found, running } of await statusOfServices()) {
      print(lineOf(name, running || !found.available ? found : { available: false, reason: 'does not run any more' }))
    }
  },
  install: async names => {
    const reason = whyNotHere()
    if (reason !== undefined) throw new Error(reason)
    await install(chosen(names), print)
  },
  // For whoever wants to install them in one go with others.
  packages: async names => {
    if (whyNotHere() === undefined) print((await missingPackages(chosen(names))).join(' '))
  },
  clean: cleanServices,
}

const [name = '', ...names] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command === undefined) {
  process.stderr.write(`usage: node tools/services/services.mjs ${Object.keys(commands).join('|')} [service …]\n`)
  process.exitCode = 2
} else {
  try {
    await command(names)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
