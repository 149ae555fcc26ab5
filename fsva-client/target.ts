import { isIPv6 } from 'node:net'
import { ClientError, ExitCode } from './exit-codes.ts'

/** What to mount from where. */
export interface Target {
  /** Host name or IP address, without brackets. */
  readonly server: string
  /** Absolute path on the server; undefined if only the server was named. */
  readonly path: string | undefined
}

/** Parses SERVER:/export, [2001:db8::1]:/export and, for the doctor, SERVER alone. */
export function parseTarget(text: string): Target {
  const match = /^(?:\[([^\]]+)\]|([^:[\]/]+))(?::(.*))?$/s.exec(text)
  if (match === null) {
    if (isIPv6(text)) return { server: text, path: undefined }
    const hint = text.startsWith('/') ? ': the server is missing' : ''
    throw new ClientError(ExitCode.usage, `"${text}" is not SERVER:/export${hint}`)
  }
  const server = match[1] ?? match[2]!
  const path = match[3]
  if (match[1] !== undefined && !isIPv6(server)) {
    throw new ClientError(ExitCode.usage, `"${text}": only an IPv6 address stands in brackets`)
  }
  if (path !== undefined && !path.startsWith('/')) {
    throw new ClientError(ExitCode.usage, `"${text}": the exported directory must start with "/"`)
  }
  return { server, path }
}

/** The form that mount(8) wants. */
export function mountSource(server: string, path: string): string {
  return isIPv6(server) ? `[${server}]:${path}` : `${server}:${path}`
}
