import { defineConfig } from 'tsup'
import { base } from '../../tsup.base.ts'

export default defineConfig(
  base({
    // Three files instead of one: minimatch and ignore do not say that they are free of side effects, so a bundler keeps them as soon as it keeps
    // anything of the file that imports them. The filter, which needs them, and what an author of a storage needs therefore stand apart.
    entry: { index: 'src/index.ts', filter: 'src/filter/index.ts', walk: 'src/walk.ts' },
    splitting: true,
    dts: { entry: { index: 'src/index.ts' } },
  }),
)
