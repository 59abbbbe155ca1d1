export type * from './stream/command.ts'
export { decodeRange } from './stream/decode.ts'
export { inspectStream, type PathChange, type VolumeSummary } from './stream/inspect.ts'
export { StreamParser, type StreamItem } from './stream/parser.ts'
export { validated, StreamValidator, type ValidatedOptions, type ValidateOptions } from './stream/validate.ts'
export { encodeCommand, encodeHeader, withVolumeName } from './stream/writer.ts'
export { applyStream, type AppliedVolume, type ApplyOptions } from './apply/apply-stream.ts'
export type { Unapplied } from './apply/unapplied.ts'
export { type Chain, Chains } from './dumps/chains.ts'
export { dumpContent, type DumpContentOptions, type DumpDecoder } from './dumps/dump-content.ts'
export type { DumpIdentity } from './dumps/dump-name.ts'
export type { DumpPart, DumpRecord } from './dumps/dump-record.ts'
export { DumpRoot, type DumpRootOptions } from './dumps/dump-root.ts'
export { FileRoot, type FileRootOptions } from './dumps/file-root.ts'
export { type Dump, type DumpIndex, type DumpProblem, readDumps } from './dumps/read-dumps.ts'
export { type RestoreOptions, type RestoreReport, restoreToBtrfs, type RestoreToBtrfsOptions } from './dumps/restore-dumps.ts'
export { restoreToDirectory, type RestoreToDirectoryOptions } from './dumps/restore-files.ts'
export { planRestore, type RestorePlan, type RestorePlanOptions } from './dumps/restore-plan.ts'
export { abandonUpload } from './dumps/unfinished.ts'
export { type DumpCheck, type DumpReport, verifyDumps, type VerifyDumpsOptions } from './dumps/verify-dumps.ts'
export { type DumpEncoding, writeDumps, type WriteDumpsOptions, type WrittenDump } from './dumps/write-dumps.ts'
export { BtrSync, type BtrSyncOptions, type ReplicateOptions, type RunOptions, type SyncOptions } from './replicate/btr-sync.ts'
export { CowTree, type CowVolume } from './replicate/cow-tree.ts'
export { defaultKeys, type KeyFunction, type Matches, matchVolumes } from './replicate/diff.ts'
export type { PlannedTransfer, ReplicationPlan } from './replicate/plan.ts'
export { ProgressTransfer, type ProgressTransferOptions } from './replicate/progress-transfer.ts'
export { Transfer, TransferAborted, type TransferLike, type TransferOptions, type TransfOptions } from './replicate/transfer.ts'
export { BtrfsError, type CommandFailure } from './roots/btrfs-error.ts'
export { defaultRoot, type LocalRootOptions, type RootMakers, type SshRootOptions } from './roots/default-root.ts'
export type * from './roots/root.ts'
export type { SshOptions } from './roots/ssh-host.ts'
export { rawOf, textOf } from './subvolume/raw-text.ts'
export { directoryOf, nameOf, streamUuid, type Subvolume, type SubvolumeDetails } from './subvolume/subvolume.ts'
export { applyToStorage, type ApplyToStorageOptions } from './apply/apply-to-storage.ts'
export {
  planRetention,
  type RetentionDecision,
  type RetentionItem,
  type RetentionPlan,
  type RetentionRequest,
  type RetentionSide,
  type RetentionSidePlan,
} from './retention/plan-retention.ts'
export { type DayOfWeek, parsePolicy, type RetentionPolicy, type Span } from './retention/policy.ts'
