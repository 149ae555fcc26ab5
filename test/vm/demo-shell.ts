/** `npm start -- --shell`: joins this terminal to a prompt in the user VM. */

import { once } from 'node:events'
import { connect } from 'node:net'
import type { DemoReport } from './demo-report.ts'
import type { Vm } from './user-vm.ts'

/** Returns when the VM has powered off. */
export async function demoShell(vm: Vm, report: DemoReport): Promise<void> {
  const { stdin, stdout } = process
  report.line(
    '\nYou are root in the user VM; the export is mounted on /mnt. "exit" or ^D powers the VM off.\n',
  )
  const console = connect(vm.qemu.consoleSocket)
  await once(console, 'connect')
  if (stdin.isTTY) stdin.setRawMode(true)
  console.on('error', () => {})
  await vm.sh('touch /run/shell-ready')
  // What came before the prompt would be eaten by the terminal's own line editing.
  const [prompt] = await once(console, 'data')
  stdout.write(prompt)
  // Not earlier: a terminal that nobody has open forgets its size.
  if (stdout.isTTY && stdout.rows > 0)
    await vm.sh(`stty rows ${stdout.rows} cols ${stdout.columns} < /dev/hvc0`)
  console.pipe(stdout, { end: false })
  stdin.on('data', (chunk) => console.write(chunk))
  stdin.on('end', () => console.write('\nexit\n'))
  await vm.qemu.ended
  if (stdin.isTTY) stdin.setRawMode(false)
  stdin.pause()
  report.line('\nThe VM is off.')
}
