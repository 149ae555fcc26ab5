import { type Command, Option } from 'commander'
import { channelPort } from '../agent/agent-options.ts'
import { portNumber } from './port-number.ts'

/** Where the channel is; the same for who mounts and for the agent, which has them from its environment, too. */
export interface ChannelOptions {
  readonly device?: string
  readonly socket?: string
  readonly channelPort: number
  readonly agentSocket?: string
  readonly pushes: boolean
}

export function addChannelOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--device <path>',
        "/dev/daxN.M, the memory shared with the server's VM; default: the only one",
      )
        .env('FSVA_DEVICE')
        .conflicts('socket'),
    )
    .addOption(
      new Option('--socket <path>', "the server's Unix socket, if it runs on this machine").env(
        'FSVA_SOCKET',
      ),
    )
    .addOption(
      new Option('--channel-port <n>', "the side channel's TCP port of the server")
        .env('FSVA_CHANNEL_PORT')
        .default(channelPort)
        .argParser(portNumber),
    )
    .addOption(
      new Option('--agent-socket <path>', 'where other programs find the agent').env('FSVA_AGENT_SOCKET'),
    )
    .option('--no-pushes', "leave the kernel's cache alone when the server says that something changed")
}
