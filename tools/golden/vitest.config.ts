import { mergeConfig } from 'vitest/config'
import base from '../../vitest.base.ts'

// Scenarios mostly wait for servers, so many of one file run at once; on a machine that is busy they wait for it as well.
export default mergeConfig(base, { test: { maxConcurrency: 8, testTimeout: 180_000, hookTimeout: 180_000 } })
