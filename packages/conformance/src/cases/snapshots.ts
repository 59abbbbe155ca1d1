import { isWritable, toBytes } from '@syncline/core'
import { ConformanceError, describeError, leafPaths, must, mustEqual, readText, show, withPatience } from '../check.ts'
import type { Case } from '../types.ts'

export const snapshots: readonly Case[] = [
  {
    cites: ['P65'],
    sentence: 'a snapshot stays as it is',
    writes: true,
    methods: ['snapshot'],
    tree: () => ({ 'd/changed': 'old', 'd/removed': 'old' }),
    run: async ({ writable }) => {
      const snapshot = await writable.snapshot()
      must('P65', !isWritable(snapshot), 'the snapshot can be written to')
      await writable.write('d/changed', toBytes('new'))
      await writable.write('d/added', toBytes('new'))
      await writable.remove('d/removed')
      mustEqual('P65', 'the listing of the snapshot', await leafPaths(snapshot), ['d/changed', 'd/removed'])
      mustEqual('P65', 'a file in the snapshot', await readText(snapshot, 'd/changed'), 'old')
      await snapshot.close?.()
      mustEqual('P65', 'the listing of the tree', await leafPaths(writable), ['d/added', 'd/changed'])
      mustEqual('P65', 'a file in the tree', await readText(writable, 'd/changed'), 'new')
    },
  },
  {
    cites: ['P66'],
    sentence: 'flush leaves the tree as it is',
    writes: true,
    methods: ['flush'],
    tree: () => ({ 'd/file': 'kept' }),
    run: async ({ writable }) => {
      await writable.flush()
      await writable.flush()
      mustEqual('P66', 'the listing', await leafPaths(writable), ['d/file'])
      mustEqual('P66', 'the file', await readText(writable, 'd/file'), 'kept')
    },
  },
  {
    cites: ['P67'],
    sentence: 'watch tells of a change and ends with an abort',
    writes: true,
    methods: ['watch'],
    tree: () => ({ 'd/e/file': 'old' }),
    run: async ({ writable, options }) => {
      const controller = new AbortController()
      const reason = new Error('the caller has had enough')
      const told: string[] = []
      const watching = (async () => {
        for await (const path of writable.watch({ signal: controller.signal })) {
          told.push(path)
          return
        }
      })()
      watching.catch(() => undefined)
      // Again and again, because nobody knows when the watch has begun to look.
      const writing = (async () => {
        for (let i = 0; told.length === 0 && !controller.signal.aborted; i++) {
          await writable.write('d/e/file', toBytes(`new ${i}`))
          await new Promise(resolve => setTimeout(resolve, 50))
        }
      })()
      try {
        await withPatience('P67', 'a watch of a tree that changes', options.patienceMs, watching)
      } finally {
        if (told.length === 0) controller.abort(reason)
        await writing
      }
      const [path] = told
      must('P67', path !== undefined && ['', 'd', 'd/e', 'd/e/file'].includes(path), `a change of "d/e/file" was told as ${show(path)}`)

      const silent = (async () => {
        for await (const _ of writable.watch({ signal: controller.signal })) continue
      })()
      setTimeout(() => controller.abort(reason))
      const outcome = await withPatience(
        'P67',
        'an aborted watch',
        options.patienceMs,
        silent.then(
          () => undefined,
          (error: unknown) => ({ error }),
        ),
      )
      if (outcome !== undefined && outcome.error !== reason)
        throw new ConformanceError('P67', `an aborted watch rejected with ${describeError(outcome.error)}, expected the reason of the signal`)
    },
  },
]
