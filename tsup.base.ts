import type { Options } from 'tsup'

/** What every package is built with: ESM, one target, declarations, source maps. */
export function base(options: Options = {}): Options {
  return {
    entry: ['src/index.ts'],
    format: ['esm'],
    target: 'node20.19',
    platform: 'neutral',
    // Other packages are read as they are built: their sources would be compiled again for each package.
    dts: { compilerOptions: { customConditions: [] } },
    sourcemap: true,
    clean: true,
    treeshake: true,
    ...options,
  }
}
