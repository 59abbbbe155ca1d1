import type { Options } from 'tsup'

/** What every package is built with: ESM, one target, declarations, source maps. */
export function base(options: Options = {}): Options {
  return {
    entry: ['src/index.ts'],
    format: ['esm'],
    target: 'node20.19',
    platform: 'neutral',
    dts: true,
    sourcemap: true,
    clean: true,
    treeshake: true,
    ...options,
  }
}
