// index.d.ts
import { Path, StoragePlugin, WritableStorage, AbortOptions, FileEntry } from '@syncline/core';

/** What signs requests. */
interface S3Credentials {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    /** Of temporary credentials. */
    readonly sessionToken?: string;
    /** When they end; they are asked for again shortly before. */
    readonly expiration?: Date;
}
/** How objects are encrypted at rest, where the bucket's own default is not what is wanted. */
type S3Encryption = {
    readonly type: 'AES256';
} | {
    readonly type: 'aws:kms' | 'aws:kms:dsse';
    /** Id or ARN; default: the account's own key for S3. */
    readonly keyId?: string;
    /** Fewer requests to KMS. */
    readonly bucketKey?: boolean;
} | {
    /** A key that the server is told with every request and does not keep (SSE-C). Only over https. */
    readonly type: 'customer';
    /** 32 bytes. */
    readonly key: Uint8Array;
};
/** Which checksums are sent beside the MD5 that every request with content carries. */
type S3Checksums = 'auto' | 'always' | 'when-required';
/** Options of `s3`. Only `bucket` is required. */
interface S3Options {
    readonly bucket: string;
    /** Keys are below it: `photos` and `photos/` both mean keys that start with `photos/`. Default: the whole bucket. */
    readonly prefix?: string;
    /** Default: `AWS_REGION`, the profile's region, else `us-east-1`. A server that names another region is asked again there. */
    readonly region?: string;
    /** URL of a server that is not Amazon's. Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, the profile's, else Amazon's of the region. */
    readonly endpoint?: string;
    /** `https://host/bucket` instead of `https://bucket.host`; default true for an `endpoint`. */
    readonly pathStyle?: boolean;
    /** Profile of `~/.aws/config`; default `AWS_PROFILE`. */
    readonly profile?: string;
    /** Default: the environment, then the usual chain of Amazon's SDK: profile, SSO, web identity, container, instance. */
    readonly credentials?: S3Credentials | (() => Promise<S3Credentials>);
    /** As in `STANDARD_IA` or `INTELLIGENT_TIERING`; default: the bucket's. */
    readonly storageClass?: string;
    readonly encryption?: S3Encryption;
    /** The requester pays for requests and traffic. */
    readonly requesterPays?: boolean;
    /** Tags of every object that is written. */
    readonly tags?: Readonly<Record<string, string>>;
    /** Media type of a new object; default: none is named, and the server says `binary/octet-stream`. */
    readonly contentType?: (path: Path) => string | undefined;
    /** Keep empty directories as empty objects whose key ends in "/". Costs requests: a look before each new file. Default false. */
    readonly directories?: boolean;
    /**
     * Default `auto`: MD5 of everything that is sent, and the checksum the server makes by itself. `always`: SHA-256 beside, which the server keeps.
     * `when-required`: neither, for servers that refuse `Content-MD5`.
     */
    readonly checksums?: S3Checksums;
    /**
     * Whether an etag of 32 hex digits is the MD5 of the content. Default: found out. Say `false` for a bucket in which only some objects are
     * encrypted with KMS: a listing does not tell them apart.
     */
    readonly md5Etags?: boolean;
    /** Bytes per part of big files; from 5 MiB, default 8 MiB, more for a file that would have more than 10,000 parts. */
    readonly partSize?: number;
    /** Requests at a time; default 32. */
    readonly concurrency?: number;
    /** Bytes of content held in memory over all running writes; default 64 MiB. */
    readonly memory?: number;
    /** File in PEM with certificates that are trusted beside the usual ones; default `AWS_CA_BUNDLE`. */
    readonly caFile?: string;
    /** Milliseconds without a byte after which a connection is given up; default 60,000. */
    readonly timeoutMs?: number;
}

/** Opens `s3://bucket/prefix?region=…`. Keys come from the environment, a profile or the machine, never from the URL. */
declare const plugin: StoragePlugin;

/** One version of an object in a versioned bucket. */
interface S3Version {
    readonly path: Path;
    readonly versionId: string;
    readonly isCurrent: boolean;
    /** A mark that the object was removed then: it has no content. */
    readonly isRemoval: boolean;
    /** Bytes. */
    readonly size: number;
    readonly etag: string | undefined;
    /** Milliseconds since the Unix epoch: when it was stored. */
    readonly stored: number;
}
/** An upload in parts that was begun and neither completed nor given up. Its parts are paid for. */
interface S3StaleUpload {
    readonly path: Path;
    readonly uploadId: string;
    /** Milliseconds since the Unix epoch. */
    readonly begun: number;
}

/** What a URL that is made by `presign` allows. */
interface PresignOptions {
    /** Default GET. */
    readonly method?: 'GET' | 'PUT' | 'HEAD' | 'DELETE';
    /** Seconds; default 900. */
    readonly expiresIn?: number;
    /** GET: the version; default the current one. */
    readonly versionId?: string;
    /** GET: name under which a browser saves it. */
    readonly downloadName?: string;
    /** PUT: the media type that has to be sent with it. */
    readonly contentType?: string;
}
/** A bucket, or a part of one: a storage, and what only S3 can do. */
interface S3Storage extends WritableStorage {
    /**
     * Finds out what the server does with conditions, unless that is known, by a dozen requests on objects of its own that are removed again.
     * Writes do so by themselves the first time; before it, `capabilities.conditional` is not promised.
     */
    probe(options?: AbortOptions): Promise<void>;
    /** The versions of everything at or below a path of a versioned bucket, the newest of each first. */
    versions(path: Path, options?: AbortOptions): AsyncIterable<S3Version>;
    /** Makes an older version the current one. The versions between stay. */
    restoreVersion(path: Path, versionId: string, options?: AbortOptions): Promise<FileEntry>;
    /** Uploads in parts that were begun and never ended, by anybody. */
    staleUploads(options?: AbortOptions): AsyncIterable<S3StaleUpload>;
    /** Removes one of them with its parts. */
    abortUpload(upload: Pick<S3StaleUpload, 'path' | 'uploadId'>, options?: AbortOptions): Promise<void>;
    /** A URL with which anybody can do one thing to one object, for a while. */
    presign(path: Path, options?: PresignOptions): Promise<string>;
}
/**
 * A bucket as a storage, or what is below a prefix of it. Nothing is sent before the first call.
 *
 * @throws TypeError for an option that cannot be meant
 * @example
 * const storage = s3({ bucket: 'backups', prefix: 'laptop', region: 'eu-central-1' })
 * for await (const page of storage.list('')) console.log(page)
 */
declare function s3(options: S3Options): S3Storage;

export { type PresignOptions, type S3Checksums, type S3Credentials, type S3Encryption, type S3Options, type S3StaleUpload, type S3Storage, type S3Version, plugin, s3 };
