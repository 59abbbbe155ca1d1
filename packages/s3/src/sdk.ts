import type * as commands from '@aws-sdk/client-s3'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { S3Credentials, Settings } from './options.ts'

/** Amazon's SDK, loaded when something needs it: it takes 90 ms to load, which is a tenth of a second on every run that has nothing to do. */
export interface Sdk {
  readonly commands: typeof commands
  readonly client: S3Client
}

/** Where requests go. */
export interface Destination {
  /** Of the bucket: with virtual-host style its name is in the host, else in the path. */
  readonly url: URL
  readonly region: string
  /** For the signature: `s3`, or `s3express` for directory buckets. */
  readonly service: string
}

export async function loadSdk(settings: Settings, endpoint: string | undefined): Promise<Sdk> {
  // What the SDK's authors plan for their later versions is no news for who runs this one.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  const sdk = await import('@aws-sdk/client-s3')
  const { region, profile, credentials, pathStyle } = settings
  const config: S3ClientConfig = {
    // Servers that are not Amazon's know no trailing checksums; what is sent through the SDK is small and signed.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    ...(endpoint !== undefined && { endpoint, forcePathStyle: pathStyle ?? true }),
    ...(endpoint === undefined && pathStyle !== undefined && { forcePathStyle: pathStyle }),
    ...(credentials !== undefined && { credentials: typeof credentials === 'function' ? credentials : { ...credentials } }),
  }
  const client = new sdk.S3Client(config)
  if (region === undefined && !(await hasRegion(client))) return { commands: sdk, client: new sdk.S3Client({ ...config, region: 'us-east-1' }) }
  return { commands: sdk, client }
}

async function hasRegion(client: S3Client): Promise<boolean> {
  try {
    await client.config.region()
    return true
  } catch {
    return false
  }
}

/** The endpoint of the bucket by the rules of the SDK: partitions, dual stack, access points, directory buckets. */
export async function destinationOf({ client }: Sdk, { bucket }: Settings, regionHint?: string): Promise<Destination> {
  const { config } = client
  const region = regionHint ?? (await config.region())
  const custom = await config.endpoint?.()
  const { url, properties } = config.endpointProvider({
    Bucket: bucket,
    Region: region,
    ForcePathStyle: config.forcePathStyle === true,
    UseFIPS: (await config.useFipsEndpoint()) === true,
    UseDualStack: (await config.useDualstackEndpoint()) === true,
    ...(custom !== undefined && {
      Endpoint: `${custom.protocol}//${custom.hostname}${custom.port === undefined ? '' : `:${custom.port}`}${custom.path}`,
    }),
  })
  const [scheme] = (properties?.['authSchemes'] ?? []) as readonly { readonly signingName?: string; readonly signingRegion?: string }[]
  return { url, region: scheme?.signingRegion ?? region, service: scheme?.signingName ?? 's3' }
}

/** Asks the chain of the SDK, or a directory bucket for a session. */
export async function credentialsOf({ client }: Sdk, { bucket, express }: Settings, refresh: boolean): Promise<S3Credentials> {
  if (!express) return await client.config.credentials(refresh ? { forceRefresh: true } : {})
  return await client.config.s3ExpressIdentityProvider.getS3ExpressIdentity(client as never, { Bucket: bucket })
}
