/**
 * The whole state of a directory tree as text, made by the same commands in a user VM and on the server's own
 * side, so that the two can be compared line by line.
 */
import { command } from './command.ts'
import type { Vm } from './user-vm.ts'

/** Path, type, mode, owner, group, size, links, mtime and ctime in nanoseconds, inode number, link target. */
const statFormat = '%P\\t%y\\t%m\\t%U\\t%G\\t%s\\t%n\\t%T@\\t%C@\\t%i\\t%l\\n'
const timeoutMs = 400_000

function viewScript(directory: string): string {
  return `cd '${directory}'
export LC_ALL=C
find . -mindepth 1 -printf '${statFormat}' | sort
find . -type f -print0 | sort -z | xargs -0 -r sha256sum`
}

/** What programs in a VM see. */
export async function clientView(vm: Vm, directory: string): Promise<string> {
  return vm.sh(viewScript(directory), { timeoutMs })
}

/** What the real file system holds. */
export async function serverView(directory: string): Promise<string> {
  return (await command('sh', ['-e', '-c', viewScript(directory)], { timeoutMs })).replace(/\n$/, '')
}

/** The first lines in which two views differ: a whole tree makes an unreadable failure. */
export function firstDifferences(client: string, server: string, linesMax = 10): string[] {
  const clientLines = new Set(client.split('\n'))
  const serverLines = new Set(server.split('\n'))
  const onlyClient = [...clientLines]
    .filter((line) => !serverLines.has(line))
    .map((line) => `client: ${line}`)
  const onlyServer = [...serverLines]
    .filter((line) => !clientLines.has(line))
    .map((line) => `server: ${line}`)
  return [...onlyClient.slice(0, linesMax), ...onlyServer.slice(0, linesMax)]
}
