// Packs every package as it would be published, for the checks that look at archives.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { here, published, root, tarballOf } from './lib/packages.mjs'
import { run } from './lib/run.mjs'

rmSync(join(here, '.packed'), { recursive: true, force: true })
mkdirSync(join(here, '.packed'))
for (const { folder, manifest } of published) {
  await run('pnpm', ['pack', '--out', tarballOf(manifest)], { cwd: join(root, folder) })
  console.log(`packed ${manifest.name}`)
}
