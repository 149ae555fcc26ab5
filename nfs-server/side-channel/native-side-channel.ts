/** The native end of the side channel, as the policy uses it. */
import { addon } from '../../native/binding.ts'
import type { NativeSideChannel, SideChannelEvent } from '../../native/side-channel-server-binding.ts'
import type { Core } from '../vfs/native-core.ts'

export type {
  ExportCoherence,
  NativeSideChannel,
  SideChannelEvent,
  SideChannelFigures,
  WatchFigures,
} from '../../native/side-channel-server-binding.ts'

/** Listens nowhere yet. */
export function createNativeSideChannel(
  core: Core,
  notify: (event: SideChannelEvent) => void,
): NativeSideChannel {
  return new addon.NativeSideChannel(core.native, notify)
}
