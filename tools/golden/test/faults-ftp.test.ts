import { ftpArena } from '../src/faults/arenas.ts'
import { describeFaults } from '../src/faults/suite.ts'

// A byte that changes on the way shows only where the connection is encrypted.
describeFaults({ name: 'ftp', open: ftpArena('vsftpd', 'none'), noticesCorruption: false })
describeFaults({ name: 'ftp with TLS', open: ftpArena('proftpd', 'explicit') })
