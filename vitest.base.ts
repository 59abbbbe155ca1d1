import { defineConfig } from 'vitest/config'
import { CountReporter } from './tools/vitest/report.ts'

/** Tests read the sources of every package, so a change is seen without a build. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@syncline/source'], externalConditions: ['@syncline/source'] } },
  resolve: { conditions: ['@syncline/source'] },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    reporters: ['default', new CountReporter()],
  },
})
