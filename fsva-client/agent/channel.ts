import type { Figures } from './control-protocol.ts'

/** What the agent does with its end of the side channel (`SideChannel`), which reconnects by itself. */
export interface AgentChannel {
  /** Whether the server answers over it now. */
  readonly up: boolean
  /** Where other programs find it. */
  readonly dataSocket: string
  /** Microseconds of a null call; rejects while the channel is down. */
  ping(): Promise<number>
  stats(): Figures
  close(): Promise<void>
}

/** Brings a channel up once; rejects if there is nobody at the other end. */
export type ConnectChannel = () => Promise<AgentChannel>
