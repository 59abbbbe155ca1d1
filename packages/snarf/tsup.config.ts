import { defineConfig } from 'tsup'
import { base } from '../../tsup.base.ts'

export default defineConfig(
  base({
    entry: {
      index: 'src/index.ts',
      format: 'src/format/index.ts',
      xmlpickle: 'src/xmlpickle/index.ts',
      pickle: 'src/pickle/index.ts',
      objects: 'src/objects/index.ts',
      workdir: 'src/workdir/index.ts',
      commands: 'src/commands/index.ts',
    },
  }),
)
