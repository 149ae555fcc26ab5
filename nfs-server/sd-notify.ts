import { spawn } from 'node:child_process'

/**
 * Tells systemd about the server's state, if it asked to be told (NOTIFY_SOCKET). By systemd-notify(1), because
 * Node has no Unix datagram sockets; the unit therefore says NotifyAccess=all.
 */
export class SystemdNotifier {
  readonly #environment: NodeJS.ProcessEnv

  constructor(environment: NodeJS.ProcessEnv = process.env) {
    this.#environment = environment
  }

  /** Resolves when systemd has been told, or cannot be; to the reason in the latter case. */
  notify(...state: readonly string[]): Promise<string | undefined> {
    if (!this.#environment.NOTIFY_SOCKET) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const child = spawn('systemd-notify', state, { stdio: 'ignore', env: this.#environment })
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code) => resolve(code === 0 ? undefined : `systemd-notify exited with ${code}`))
    })
  }
}
