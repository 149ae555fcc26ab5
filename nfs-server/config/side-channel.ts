/** The section side_channel of the config file, and what its form alone cannot tell of it. */
import { realpathSync, statSync } from 'node:fs'
import { SocketAddress } from 'node:net'
import { plainAddress } from '../rpc/connection.ts'
import type { SideChannelDevice } from '../side-channel/options.ts'
import type { ConfigFile } from './schema.ts'
import type { Settings } from './settings.ts'

type Section = NonNullable<ConfigFile['side_channel']>

export function sideChannelFrom(section: Section | undefined): Settings['sideChannel'] {
  if (section === undefined) return undefined
  return {
    socket: section.socket,
    listen: section.listen,
    port: section.port,
    devices: section.devices?.map(({ path, offset = 0, bytes, client }) => ({
      path,
      offset,
      bytes,
      client: canonical(client),
    })),
    bytesMax: section.memory_bytes_max,
    spinUs: section.spin_us,
    sessionsMax: section.sessions_max,
  }
}

/** As the kernel writes it, so that it can be compared. */
function canonical(address: string): string {
  const plain = plainAddress(address)
  return plain.includes(':') ? new SocketAddress({ address: plain, family: 'ipv6' }).address : plain
}

export interface SideChannelFinding {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Errors. Whether a device can be mapped is found out when the server starts. */
export function checkSideChannel({ sideChannel, port, mountPort }: Settings): readonly SideChannelFinding[] {
  if (sideChannel === undefined) return []
  const { socket, listen, devices = [] } = sideChannel
  const findings: SideChannelFinding[] = []
  const wrong = (path: readonly (string | number)[], message: string) =>
    findings.push({ path: ['side_channel', ...path], message })
  if (socket === undefined && listen === undefined) {
    wrong(
      [],
      'nobody can use it: add "socket" for clients on this machine, or "listen" and "devices" for others',
    )
  }
  if (listen !== undefined && devices.length === 0) {
    wrong(['listen'], 'clients on other machines need memory that both map: add "devices"')
  }
  if (listen === undefined && devices.length > 0) {
    wrong(['devices'], 'the machines at the other end cannot come: add "listen"')
  }
  if (
    sideChannel.port !== undefined &&
    sideChannel.port !== 0 &&
    [port, mountPort].includes(sideChannel.port)
  ) {
    wrong(['port'], `${sideChannel.port} is the port of NFS or MOUNT already`)
  }
  devices.forEach((device, index) => {
    const at = ['devices', index]
    const file = wrongFile(device.path)
    if (file !== undefined) wrong([...at, 'path'], file)
    devices.slice(0, index).forEach((other, earlier) => {
      const where = `side_channel.devices[${earlier}]`
      if (other.client === device.client) wrong([...at, 'client'], `${device.client} has ${where} already`)
      if (file === undefined && overlap(other, device)) {
        wrong([...at, 'path'], `the same memory is a part of ${where}: give each client a part of its own`)
      }
    })
  })
  return findings
}

function wrongFile(path: string): string | undefined {
  try {
    const found = statSync(path)
    if (found.isCharacterDevice() || found.isFile()) return undefined
    if (found.isBlockDevice()) {
      return `"${path}" is a block device: memory has to be in devdax mode ("fsva-client setup-device" shows how)`
    }
    return `"${path}" is no device`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? `"${path}" does not exist` : `"${path}": ${message}`
  }
}

function overlap(one: SideChannelDevice, other: SideChannelDevice): boolean {
  const isSame = realPathOrItself(one.path) === realPathOrItself(other.path)
  const end = ({ offset, bytes = Number.POSITIVE_INFINITY }: SideChannelDevice) => offset + bytes
  return isSame && one.offset < end(other) && other.offset < end(one)
}

function realPathOrItself(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
