import { mergeConfig } from 'vitest/config'
import base from '../../vitest.base.ts'

// Scenarios mostly wait for servers, so many of one file run at once.
export default mergeConfig(base, { test: { maxConcurrency: 8 } })
