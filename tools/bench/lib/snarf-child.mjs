// One archive command in a process of its own, as the command line would run it. Bundled by snarf.mjs.
import { createReadStream } from 'node:fs'
import { families } from '../../../packages/snarf/src/commands/index.ts'
import { fileSpool, snarfStorage } from '../../../packages/snarf/src/index.ts'
import { fs } from '../../../packages/fs/src/index.ts'

const [name, ...operands] = process.argv.slice(2)
const location = (/** @type {string} */ text) => fs(text, { workers: 0 })

if (name === 'rewrite') {
  // A file of the disk into an archive that may hold much already: the archive is written anew.
  const [directory, archive, file, path] = operands
  const storage = snarfStorage(location(directory), archive, { spool: () => fileSpool(directory) })
  await storage.write(path, createReadStream(file, { highWaterMark: 256 * 1024 }))
  await storage.close()
} else {
  const none = () => undefined
  const call = {
    operands,
    options: { has: none, text: none, list: () => [], last: none },
    signal: new AbortController().signal,
    symbols: { done: 'done' },
    format: { plural: String, bytes: String, count: String },
    print: none,
    json: none,
    note: none,
    warn: (/** @type {string} */ line) => process.stderr.write(`${line}\n`),
    progress: none,
    open: async (/** @type {string} */ text) => location(text),
    usageError: (/** @type {string} */ message) => new Error(message),
  }
  process.exitCode = await families[0].commands[name].run(call)
}
