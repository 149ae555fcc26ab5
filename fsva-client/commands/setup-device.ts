import { type Command, InvalidArgumentError, Option } from 'commander'
import { KernelTree } from '../device/kernel-tree.ts'
import { setUpDevice } from '../device/setup-device.ts'
import { ClientError, ExitCode } from '../exit-codes.ts'

interface Options {
  readonly namespace?: string
  readonly device?: string
  readonly bytes: number
  readonly force?: boolean
}

export function addSetupDevice(program: Command): void {
  program
    .command('setup-device')
    .description('make /dev/daxN.M of memory that this VM shares with the appliance; again after each boot')
    .option('--namespace <name>', 'which memory, if there is more than one: namespace0.0')
    .addOption(
      new Option('--device <path>', 'the same by what it becomes: /dev/dax0.0')
        .env('FSVA_DEVICE')
        .conflicts('namespace')
        .argParser(devicePath),
    )
    .option('--bytes <n>', 'how many bytes it must have at least, with K, M or G', byteCount, 1)
    .option('--force', 'even if the memory holds data')
    .action(async ({ namespace, device: wanted, bytes, force }: Options) => {
      if (process.getuid?.() !== 0) {
        throw new ClientError(ExitCode.notPermitted, 'setting up a device takes root', 'run it with sudo')
      }
      const ofDevice = wanted?.replace('/dev/dax', 'namespace')
      const request = { namespace: namespace ?? ofDevice, bytesMin: bytes, force: force === true }
      const device = await setUpDevice(new KernelTree(), request, (done) => console.log(done))
      console.log(`${device.path} is ready: ${device.bytes} bytes`)
    })
}

function devicePath(text: string): string {
  if (/^\/dev\/dax\d+\.\d+$/.test(text)) return text
  throw new InvalidArgumentError('It must be a path such as /dev/dax0.0.')
}

const units = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const

function byteCount(text: string): number {
  const match = /^([0-9]{1,9})([KMG]?)$/i.exec(text)
  if (match === null) throw new InvalidArgumentError('It must be a number of bytes, such as 64M.')
  return Number(match[1]) * units[match[2]!.toUpperCase() as keyof typeof units]
}
