import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { ClientError, ExitCode } from '../exit-codes.ts'
import { mountExport } from '../mount.ts'
import { parseTarget } from '../target.ts'
import { addChannelOptions, type ChannelOptions } from './channel-options.ts'
import { type PortOptions, portNumber } from './port-number.ts'

interface Options extends PortOptions, ChannelOptions {
  readonly options: string
  readonly dryRun?: boolean
  readonly sideChannel?: boolean
  readonly requireSideChannel?: boolean
  readonly foreground?: boolean
}

export function addMount(program: Command): void {
  const command = program
    .command('mount <server:/export> <directory>')
    .description('mount an export, with the options that fit the server')
    .option('-o, --options <options>', 'mount options, which win over those chosen', '')
    .option('--port <n>', 'NFS port, if rpcbind does not know it', portNumber)
    .option('--mount-port <n>', 'MOUNT port, if rpcbind does not know it', portNumber)
    .option('--dry-run', 'print the mount command and do not run it')
    .option('--side-channel', 'start an agent, too, that talks to the server by shared memory')
    .addOption(
      new Option(
        '--require-side-channel',
        'fail if there is no channel, instead of going on with NFS alone',
      ).implies({
        sideChannel: true,
      }),
    )
    .option('--foreground', 'be the agent instead of starting one')
  addChannelOptions(command).action(async (text: string, directory: string, options: Options) => {
    const target = parseTarget(text)
    const { path } = target
    if (path === undefined) throw new ClientError(ExitCode.usage, `"${text}" is not SERVER:/export`)
    const request = {
      target: { ...target, path },
      // As mount(8) names it, and so everybody who looks for the mount afterwards.
      directory: existsSync(directory) ? realpathSync(directory) : directory,
      options: options.options,
      port: options.port,
      mountPort: options.mountPort,
      dryRun: options.dryRun === true,
    }
    if (options.sideChannel !== true) {
      console.log(await mountExport(request))
      return
    }
    const { mountWithChannel } = await import('../agent/mount-with-channel.ts')
    const { device, socket, channelPort: port, agentSocket, pushes } = options
    const required = options.requireSideChannel === true
    const foreground = options.foreground === true
    const channel = {
      device,
      socket,
      port,
      dataSocket: agentSocket && resolve(agentSocket),
      pushes,
      required,
      foreground,
    }
    process.exitCode = await mountWithChannel(request, channel, (line) => console.log(line))
  })
}
