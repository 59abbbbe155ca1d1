import { defineConfig } from 'tsup'
import { base } from '../../tsup.base.ts'

export default defineConfig([
  base({ platform: 'node' }),
  // A thread starts with one file and none of what it does not use of core.
  base({ platform: 'node', entry: ['src/worker.ts'], dts: false, clean: false, noExternal: ['@syncline/core'] }),
])
