import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { addChannelOptions, type ChannelOptions } from './channel-options.ts'

export function addAgent(program: Command): void {
  const command = program
    .command('agent <directory>')
    .description(
      'be the agent of a mount, until a signal or the end of the mount; mount --side-channel starts one',
    )
    .addOption(new Option('--server <address>', 'default: that of the mount').env('FSVA_SERVER'))
    .addHelpText(
      'after',
      `
The options may stand in the environment, too: FSVA_SERVER, FSVA_DEVICE, FSVA_SOCKET, FSVA_CHANNEL_PORT,
FSVA_AGENT_SOCKET; FSVA_LOG_LEVEL is "debug", "info" (the default), "warn" or "error".`,
    )
  addChannelOptions(command).action(
    async (directory: string, options: ChannelOptions & { server?: string }) => {
      const { serverOfMount } = await import('../agent/server-of-mount.ts')
      const { localAddressTowards } = await import('../agent/local-address.ts')
      const { onlyDevice } = await import('../agent/choose-device.ts')
      const { runAgent } = await import('../agent/run-agent.ts')
      const mountPoint = resolve(directory)
      const { socket, channelPort: port, agentSocket, pushes } = options
      const server = serverOfMount(mountPoint)
      const rendezvous =
        socket === undefined
          ? { server: options.server ?? server, port, device: options.device ?? onlyDevice() }
          : { socket: resolve(socket), clientAddress: await localAddressTowards(server) }
      process.exitCode = await runAgent({
        mountPoint,
        rendezvous,
        dataSocket: agentSocket && resolve(agentSocket),
        pushes,
      })
    },
  )
}
