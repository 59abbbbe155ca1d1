import { s3Arena } from '../src/faults/arenas.ts'
import { describeFaults } from '../src/faults/suite.ts'

describeFaults({ name: 's3', open: s3Arena })
