import type { Available, OwnOptions, ServiceDetails, ServiceName, Unavailable } from './types.d.mts'

export type * from './types.d.mts'

/**
 * Tells how to reach a service, or why it is not there. Starts nothing.
 *
 * @throws Error if the service was started for these tests and has died since
 */
export function service<Name extends ServiceName>(name: Name): Promise<Available<ServiceDetails[Name]> | Unavailable>

/** A service that nobody else uses, so that it may be killed. */
export type OwnService<Name extends ServiceName> = Available<ServiceDetails[Name]> & {
  /** Ends the server and its sessions at once, by SIGKILL. What is stored stays; of S3 only the gateway dies. */
  kill(): Promise<void>
  /** Starts it again on the same port, over the same data. */
  start(): Promise<void>
  restart(): Promise<void>
  /** Stops it and removes its data. */
  close(): Promise<void>
}

/** Ends and starts services for tests of faults. */
export interface Control {
  /** Starts an instance for the caller alone, on ports of its own. Tests that kill a server use this: the shared one serves others meanwhile. */
  own<Name extends ServiceName>(name: Name, options?: OwnOptions): Promise<OwnService<Name> | Unavailable>
  /** Ends the shared service and its sessions at once, by SIGKILL. */
  kill(name: ServiceName): Promise<void>
  /** Ends the shared service at once and starts it again, on the same port over the same data. */
  restart(name: ServiceName): Promise<void>
}

export const control: Control
