import { type Command, InvalidArgumentError } from 'commander'
import { KernelTree } from '../device/kernel-tree.ts'
import { setUpDevice } from '../device/setup-device.ts'
import { ClientError, ExitCode } from '../exit-codes.ts'

interface Options {
  readonly namespace?: string
  readonly bytes: number
  readonly force?: boolean
}

export function addSetupDevice(program: Command): void {
  program
    .command('setup-device')
    .description('make /dev/daxN.M of memory that this VM shares with the appliance; again after each boot')
    .option('--namespace <name>', 'which memory, if there is more than one: namespace0.0')
    .option('--bytes <n>', 'how many bytes it must have at least, with K, M or G', byteCount, 1)
    .option('--force', 'even if the memory holds data')
    .action(async ({ namespace, bytes, force }: Options) => {
      if (process.getuid?.() !== 0) {
        throw new ClientError(ExitCode.notPermitted, 'setting up a device takes root', 'run it with sudo')
      }
      const request = { namespace, bytesMin: bytes, force: force === true }
      const device = await setUpDevice(new KernelTree(), request, (done) => console.log(done))
      console.log(`${device.path} is ready: ${device.bytes} bytes`)
    })
}

const units = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const

function byteCount(text: string): number {
  const match = /^([0-9]{1,9})([KMG]?)$/i.exec(text)
  if (match === null) throw new InvalidArgumentError('It must be a number of bytes, such as 64M.')
  return Number(match[1]) * units[match[2]!.toUpperCase() as keyof typeof units]
}
