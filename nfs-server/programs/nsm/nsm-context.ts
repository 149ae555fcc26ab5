export interface NsmContext {
  /** Odd: up. */
  readonly state: () => number
  /** A client's machine has restarted, or says so: `name` is what it calls itself. */
  readonly clientRestarted: (address: string, name: string) => Promise<void>
  /** Does everything that a restart of the server would do to locks. */
  readonly simulateCrash: () => Promise<void>
}
