import { readdirSync } from 'node:fs'
import { ClientError, ExitCode } from '../exit-codes.ts'

/** The memory to use if none was named: the only devdax device there is. Throws ClientError. */
export function onlyDevice(directory = '/dev'): string {
  const devices = readdirSync(directory).filter((name) => /^dax\d+\.\d+$/.test(name))
  if (devices.length === 1) return `${directory}/${devices[0]}`
  const advice = 'fsva-client setup-device makes one of the memory that both VMs share'
  if (devices.length === 0) {
    throw new ClientError(
      ExitCode.noChannel,
      'there is no shared memory: no /dev/daxN.M',
      `${advice}; a server on this very machine has a socket instead: --socket PATH`,
    )
  }
  throw new ClientError(
    ExitCode.usage,
    `there are several devices: ${devices.sort().join(', ')}`,
    'say which: --device',
  )
}
