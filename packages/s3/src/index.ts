export type { S3Checksums, S3Credentials, S3Encryption, S3Options } from './options.ts'
export { plugin } from './plugin.ts'
export { type PresignOptions, s3, type S3Storage } from './s3.ts'
export type { S3StaleUpload, S3Version } from './versions.ts'
