import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { renderReference } from './render-reference.ts'

test('docs/cli.md is what the tables say (-u renews it)', async () => {
  await expect(renderReference()).toMatchFileSnapshot(fileURLToPath(new URL('../../../../docs/cli.md', import.meta.url)))
})
