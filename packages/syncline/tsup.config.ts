import { rmSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'
import { base } from '../../tsup.base.ts'

// The builds write into one directory, so none may clean it while another is at work.
rmSync(new URL('./dist', import.meta.url), { recursive: true, force: true })

// The command carries everything it needs, straight from the sources.
const bundled: Options = {
  platform: 'node',
  clean: false,
  dts: false,
  sourcemap: false,
  // Rollup's pass takes ten times as long and finds nothing more in sources without side effects.
  treeshake: false,
  noExternal: [/^@syncline\//, 'minimatch', 'ignore'],
  esbuildOptions: options => {
    options.conditions = ['@syncline/source']
    options.chunkNames = 'command/[name]-[hash]'
  },
}

export default defineConfig([
  base({
    platform: 'node',
    clean: false,
    dts: { entry: 'src/index.ts' },
    entry: ['src/index.ts', 'src/demo.ts'],
    external: ['@syncline/cli', '@syncline/conformance', '@syncline/core', '@syncline/fs'],
  }),
  // What help needs is in bin.js; engine and storage are chunks that a command loads. In one file, help took twice as long.
  base({ ...bundled, splitting: true, entry: { bin: 'src/bin.ts' } }),
  base({ ...bundled, splitting: false, entry: { 'command/worker': '../fs/src/worker.ts' } }),
])
