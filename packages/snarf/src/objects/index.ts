export * from '../metadata/index.ts'
export * from '../registry/index.ts'
export type { Pickler } from '../pickle/pickler.ts'
export type { CommitStep, ObjectEvent } from './applier.ts'
export { Check, type CheckOptions, type CheckResult } from './check.ts'
export { Checkout, type CheckoutOptions, type CheckoutResult } from './checkout.ts'
export { Checkin, Commit, type CommitOptions, type CommitResult, type PlanOptions } from './commit.ts'
export { CommitError, MissingSynchronizerError, type PathError, PyError, RevisionError, SynchronizationError } from './errors.ts'
export { DirectoryGenerator, type DirectoryFactory, FileGenerator, type FileFactory, type ObjectGenerator } from './generators.ts'
export { alsoProvides, attributeAnnotations, directlyProvides, providedBy } from './markers.ts'
export type { NameRules } from './names.ts'
export { ObjectSpace, type ObjectSpaceOptions, type SynchronizerType } from './object-space.ts'
export type { CommitAction, CommitItem, CommitPlan } from './plan.ts'
export { Repository, type RepositoryOptions } from './repository.ts'
export type { Revision, Revisions } from './revision.ts'
export { SnarfRepository } from './snarf-repository.ts'
export { Extras, SynchronizableAnnotations } from './specials.ts'
export { repositoryFromStorage, type StorageRepositoryOptions } from './storage-repository.ts'
export {
  type AnySynchronizer,
  type Callback,
  type ContainerLike,
  DefaultSynchronizer,
  DirectorySynchronizer,
  FileSynchronizer,
  type Modification,
  Synchronizer,
} from './synchronizer.ts'
export type { Dumper, Writeable } from './writeable.ts'
