import { describePair } from '../src/pairs.ts'
import { s3Store } from '../src/remotes.ts'
import { localStore } from '../src/stores.ts'

describePair('fs', localStore, 's3', s3Store)
