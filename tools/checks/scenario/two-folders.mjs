// Run inside the empty project, as a person's own program would be.
import { SyncEngine, SyncPair } from '@syncline/core'
import { fs } from '@syncline/fs'

const [source = '', destination = '', state = ''] = process.argv.slice(2)
const pair = new SyncPair({ source: fs(source), destination: fs(destination), state: fs(state) })
const first = await new SyncEngine().syncPair(pair)
if (first.exitCode !== 0 || first.stats.uploads === 0 || first.stats.downloads === 0) throw new Error(JSON.stringify({ ...first, plan: undefined }))
const second = await new SyncEngine().syncPair(pair)
if (second.exitCode !== 0 || second.plan.items.length > 0) throw new Error(`the second run was not idle: ${JSON.stringify(second.plan.items)}`)
