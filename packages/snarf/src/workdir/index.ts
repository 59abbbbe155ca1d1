export type { PathFailure } from './apply-update.ts'
export { classify, type EntryFacts, type FileAction, type FileFacts, type FileRule, fileRules, type FileState } from './classify.ts'
export {
  commitObjects,
  type CommitObjectsOptions,
  type CommitObjectsResult,
  NotUpToDateError,
  type ObjectContent,
  stageObjects,
  updateObjects,
  type UpdateObjectsResult,
  workingCopyOf,
} from './content.ts'
export type { DiffOptions, FileDiff } from './diff.ts'
export { UnsavedError, WorkingCopyError } from './errors.ts'
export { formatOf, type MergedFile, mergeFile, type MergeFormat } from './merge-file.ts'
export type { StructuredFormat } from './merge-structured.ts'
export type { ObjectsModule } from './objects-module.ts'
export type { ResolveChoice, Resolved } from './resolve.ts'
export type { StatusItem, WorkState } from './status.ts'
export type { UpdateAction, UpdateItem } from './update-plan.ts'
export { type AddOptions, type UpdateOptions, type UpdateResult, WorkingCopy, type WorkingCopyOptions } from './working-copy.ts'
