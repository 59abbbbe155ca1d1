// The API reference: every exported symbol has a description, and every link in one leads somewhere. `--write` writes the pages to docs/api.
import { join } from 'node:path'
import { Application, ReflectionKind } from 'typedoc'
import { check } from './lib/check.mjs'
import { published, root } from './lib/packages.mjs'

const write = process.argv.includes('--write')
/** What a reader looks up by name. */
const looked = ReflectionKind.Class | ReflectionKind.Function | ReflectionKind.Interface | ReflectionKind.TypeAlias | ReflectionKind.Variable

await check(
  'reference',
  Object.fromEntries(published.map(({ folder, manifest }) => [manifest.name, () => reference(join(root, folder), manifest.name)])),
)

/**
 * @param {string} folder
 * @param {string} name
 */
async function reference(folder, name) {
  /** @type {string[]} */
  const complaints = []
  const app = await Application.bootstrap({
    name,
    entryPoints: [join(folder, 'src', 'index.ts')],
    tsconfig: join(folder, 'tsconfig.json'),
    readme: join(folder, 'README.md'),
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: name !== '@syncline/core',
    validation: { notExported: false, notDocumented: false, invalidLink: true },
    logLevel: 'Error',
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('the sources do not compile')
  for (const reflection of project.getReflectionsByKind(looked)) {
    const isTop = reflection.parent === project
    const signatures = reflection.isDeclaration() ? (reflection.signatures ?? []) : []
    const described = reflection.hasComment() || signatures.some(signature => signature.hasComment())
    // A union and the constant of the same name are one thing to a reader.
    const twin = project.children?.some(other => other !== reflection && other.name === reflection.name && other.hasComment())
    if (isTop && !described && twin !== true) complaints.push(`${reflection.name} has no description`)
  }
  if (write) await app.generateDocs(project, join(root, 'docs', 'api', name))
  if (complaints.length > 0) throw new Error([`${complaints.length} found`, ...complaints].join('\n           '))
  return `${project.children?.length ?? 0} symbols${write ? `, written to docs/api/${name}` : ''}`
}
