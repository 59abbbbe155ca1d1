import { describePair } from '../src/pairs.ts'
import { localStore, memoryStore } from '../src/stores.ts'

describePair('fs', localStore, 'fs', localStore)
describePair('fs', localStore, 'fs', localStore, 'command')
describePair('memory', memoryStore, 'fs', localStore)
describePair('memory', memoryStore, 'memory', memoryStore)
// Stores that promise less, as remote ones do.
const objects = (): ReturnType<typeof memoryStore> => memoryStore({ name: 'objects:', capabilities: { directories: false, hashes: [] } })
describePair('objects', objects, 'fs', localStore)
describePair('objects', objects, 'objects', objects)
