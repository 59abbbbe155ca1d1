import { fileURLToPath } from 'node:url'
import { renderFamilyReference, renderReference } from '@syncline/cli'
import { expect, test } from 'vitest'
import { nodeLoader } from './adapters.ts'
import { familyTable, loadFamily } from './families.ts'

const docs = (name: string): string => fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url))

test('docs/cli.md is what the tables say (-u renews it)', async () => {
  await expect(renderReference(familyTable)).toMatchFileSnapshot(docs('cli.md'))
})

test.each(familyTable)('docs/cli/$name.md is what the commands say (-u renews it)', async ({ name, from }) => {
  const family = await loadFamily(name, nodeLoader('/'))
  if (family === undefined) throw new Error(`${from} brings no ${name}`)
  await expect(renderFamilyReference(family, from)).toMatchFileSnapshot(docs(`cli/${name}.md`))
})
