#!/usr/bin/env node
// The two commands, `npm start` and `npm test`, for a machine that has Node and npm and nothing else.
import { start } from './run/start.mjs'
import { test } from './run/test.mjs'

const commands = { start, test }
const [name = '', ...rest] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[/** @type {keyof typeof commands} */ (name)] : undefined
if (command === undefined) {
  process.stderr.write(`usage: node tools/run.mjs ${Object.keys(commands).join('|')} [-- arguments]\n`)
  process.exitCode = 2
} else {
  try {
    process.exitCode = await command(rest[0] === '--' ? rest.slice(1) : rest)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
