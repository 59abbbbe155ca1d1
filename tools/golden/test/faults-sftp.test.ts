import { sftpArena } from '../src/faults/arenas.ts'
import { describeFaults } from '../src/faults/suite.ts'

describeFaults({ name: 'sftp', open: sftpArena })
