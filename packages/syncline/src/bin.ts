#!/usr/bin/env node
import { run } from '@syncline/cli'
import { version } from '../package.json'
import { nodeEnvironment } from './node-environment.ts'

// `syncline plan | head`: who reads no further has what they wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const code = await run(process.argv.slice(2), nodeEnvironment(version))
// What was written has to be out before the process ends; idle threads need not be waited for.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
