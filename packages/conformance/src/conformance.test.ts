import { memory } from '@syncline/core'
import { describe, test } from 'vitest'
import { conformance } from './conformance.ts'

conformance({ describe, test }, () => ({ storage: memory() }), { title: 'memory conforms to the protocol' })
