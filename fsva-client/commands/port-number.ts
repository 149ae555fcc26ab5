import { InvalidArgumentError } from 'commander'

/** Ports that are given because rpcbind does not know them. */
export interface PortOptions {
  readonly port?: number
  readonly mountPort?: number
}

export function portNumber(text: string): number {
  const port = Number(text)
  if (/^[0-9]+$/.test(text) && port > 0 && port < 65536) return port
  throw new InvalidArgumentError('It must be a port number from 1 to 65535.')
}
