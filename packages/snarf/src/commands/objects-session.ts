import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  ExitCode,
  isWritable,
  messageOf,
  pathProblem,
  StorageError,
  type AbortOptions,
  type FamilyCall,
  type Path,
  type WritableStorage,
} from '@syncline/core'
import { CommitError, InvalidEntriesFileError, ObjectSpace, RevisionError, SynchronizationError } from '../objects/index.ts'
import {
  NotUpToDateError,
  UnsavedError,
  WorkingCopy,
  WorkingCopyError,
  commitObjects,
  stageObjects,
  updateObjects,
  workingCopyOf,
  type ObjectContent,
  type ObjectsModule,
} from '../workdir/index.ts'

/** A working copy without its objects. */
export interface WorkCall {
  readonly work: WorkingCopy
  readonly storage: WritableStorage
  /** Paths in the working copy that the command was given. */
  readonly paths: readonly Path[]
}

/** A working copy with its objects. */
export interface ObjectsCall extends WorkCall {
  /** Whether what is committed can be kept. */
  readonly canSave: boolean
  update(options: RunOptions): ReturnType<typeof updateObjects>
  commit(options: RunOptions): ReturnType<typeof commitObjects>
  /** The objects as files, to take versions from. */
  stage(options: AbortOptions): ReturnType<typeof stageObjects>
}

interface RunOptions extends AbortOptions {
  readonly dryRun?: boolean
}

/** Opens the working copy that is the first operand, for `work`, and closes it whatever happens. */
export async function useWorkingCopy(call: FamilyCall, run: (opened: WorkCall) => Promise<number>, isNew = false): Promise<number> {
  const [location = '.', ...rest] = call.operands
  const paths = rest.map(path => relativePath(call, path))
  const storage = await call.open(location)
  try {
    if (!isWritable(storage)) throw new StorageError('NOT_SUPPORTED', `${storage.name} can only be read, so it holds no working copy`)
    const work = new WorkingCopy(storage)
    const { signal } = call
    if (!isNew && !(await work.exists({ signal })))
      throw call.usageError(`${location} is no working copy`, `Make one with: syncline objects checkout --module FILE ${location}`)
    return await explained(call, () => run({ work, storage, paths }))
  } finally {
    await storage.close?.()
  }
}

/** As {@link useWorkingCopy}, with the objects of the module that the call names. */
export async function useObjects(call: FamilyCall, run: (opened: ObjectsCall) => Promise<number>, isNew = false): Promise<number> {
  const file = call.options.text('module')
  if (file === undefined) throw call.usageError('the objects are needed, and nothing says where they are', 'Name their module with --module FILE.')
  return useWorkingCopy(
    call,
    async opened => {
      const url = moduleUrl(file)
      const isListed = await requireSameModule(call, opened.work, url)
      const module = await loadModule(call, file, url)
      const { space, name = 'root', save } = module
      const root = await ofModule(`the module ${file} could not give its root`, () =>
        typeof module.root === 'function' ? (module.root as () => unknown)() : module.root,
      )
      if (!isListed) await opened.work.setRoot(url.href, { signal: call.signal })
      const content: ObjectContent = { space, name, root }
      try {
        const work = workingCopyOf(content, opened.storage)
        const saving = save !== undefined && { save: (changed: unknown) => ofModule('the objects could not be saved', () => save(changed)) }
        return await run({
          ...opened,
          work,
          canSave: save !== undefined,
          update: options => updateObjects(content, work, options),
          commit: options => commitObjects(content, work, { ...options, ...saving }),
          stage: options => stageObjects(content, work, options),
        })
      } finally {
        await module.close?.(content.root)
      }
    },
    isNew,
  )
}

/** A path of a working copy, as it was typed. */
function relativePath(call: FamilyCall, typed: string): Path {
  const path = typed.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '')
  if (path === '.' || path === '') return ''
  const problem = pathProblem(path)
  if (problem !== undefined)
    throw call.usageError(`${JSON.stringify(typed)} is no path in a working copy: ${problem}`, 'Paths are as status shows them.')
  return path
}

function moduleUrl(file: string): URL {
  return /^file:/i.test(file) ? new URL(file) : pathToFileURL(resolve(file))
}

/**
 * One working copy, one graph: the objects of another module would replace all that is not changed.
 *
 * @returns whether the working copy says where it is from
 */
async function requireSameModule(call: FamilyCall, work: WorkingCopy, url: URL): Promise<boolean> {
  const root = await work.root({ signal: call.signal })
  if (root !== undefined && root !== url.href && !call.options.has('moved'))
    throw call.usageError(`the working copy was checked out from ${root}, not from ${url.href}`, 'If the module was moved, say so with --moved.')
  return root === url.href
}

/** Somebody else's code failed: no mistake of ours. */
class ModuleError extends Error {}

async function ofModule<T>(what: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw new ModuleError(`${what}: ${messageOf(error)}`, { cause: error })
  }
}

async function loadModule(call: FamilyCall, file: string, url: URL): Promise<ObjectsModule> {
  let loaded: Partial<ObjectsModule> & { readonly default?: unknown }
  try {
    loaded = (await import(url.href)) as typeof loaded
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND' && messageOf(error).includes(fileURLToPath(url))
    throw call.usageError(isMissing ? `there is no module ${file}` : `the module ${file} could not be loaded: ${messageOf(error)}`)
  }
  const module = (loaded.space === undefined && typeof loaded.default === 'object' ? loaded.default : loaded) as Partial<ObjectsModule>
  const fault = faultOf(module)
  if (fault !== undefined) throw call.usageError(`the module ${file} cannot be used: ${fault}`, 'See syncline objects checkout --help.')
  return module as ObjectsModule
}

function faultOf({ space, root, name, save, close }: Partial<ObjectsModule>): string | undefined {
  if (space === undefined) return 'it exports no space'
  if (!(space instanceof ObjectSpace))
    return 'its space is no ObjectSpace of the @syncline/snarf that runs this command; run it in the project whose package the module imports'
  if (root === undefined) return 'it exports no root'
  if (name !== undefined && typeof name !== 'string') return 'its name is no string'
  if (save !== undefined && typeof save !== 'function') return 'its save is no function'
  return close !== undefined && typeof close !== 'function' ? 'its close is no function' : undefined
}

/** What a person did wrong is a usage error, what would lose something is a refusal: both have changed nothing. */
async function explained(call: FamilyCall, run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof NotUpToDateError || error instanceof UnsavedError || error instanceof RevisionError) {
      call.warn(error.message)
      call.json({ type: 'refused', message: error.message, ...('paths' in error && { paths: error.paths }) })
      return ExitCode.REFUSED
    }
    if (error instanceof CommitError) {
      for (const entry of error.entries) call.warn(`${entry.path}: ${messageOf(entry.error)}`)
      call.warn('nothing was committed')
      call.json({ type: 'failed', failures: error.entries.map(entry => ({ path: entry.path, message: messageOf(entry.error) })) })
      return ExitCode.FAILURE
    }
    if (error instanceof WorkingCopyError) throw call.usageError(error.message)
    if (error instanceof InvalidEntriesFileError) {
      call.warn(`${error.message}\n  Nothing was done. Restore the file, or delete it: an update then makes a new one, and overwrites nothing.`)
      call.json({ type: 'failed', failures: [{ path: '', message: error.message }] })
      return ExitCode.FAILURE
    }
    if (error instanceof ModuleError) {
      call.warn(error.message)
      call.json({ type: 'failed', failures: [{ path: '', message: error.message }] })
      return ExitCode.FAILURE
    }
    if (error instanceof SynchronizationError) {
      call.warn(error.message)
      call.json({ type: 'failed', failures: [{ path: error.path ?? '', message: error.message }] })
      return ExitCode.FAILURE
    }
    throw error
  }
}
