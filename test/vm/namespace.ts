/** Network namespaces made by `ip netns`, and the processes in them. */
import { commandSync } from './command.ts'

export const namespaceDirectory = '/run/netns'

/** The argument vector that runs a program inside a namespace. */
export function inNamespace(name: string, argv: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', name, ...argv]
}

/** Kills what still runs in a namespace of ours and removes it, with the interfaces in it. */
export function removeNamespace(name: string): void {
  for (const pid of commandSync('ip', ['netns', 'pids', name]).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // it has ended by itself
    }
  }
  commandSync('ip', ['netns', 'delete', name])
}
