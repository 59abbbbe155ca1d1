import type { Available, ServiceDetails, ServiceName } from './types.d.mts'

/** What a test needs to have to be skipped: the context that vitest gives it. */
export interface Skippable {
  skip(note?: string): never
}

/** Resolves to the details of a service, or skips the test with the reason why there is none. */
export function withService<Name extends ServiceName>(context: Skippable, name: Name): Promise<Available<ServiceDetails[Name]>>
