import { describePair } from '../src/pairs.ts'
import { ftpStore } from '../src/remotes.ts'
import { localStore } from '../src/stores.ts'

describePair('fs', localStore, 'ftp', ftpStore('proftpd'))
describePair('fs', localStore, 'ftp-list', ftpStore('vsftpd'))
