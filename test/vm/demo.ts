/**
 * `npm start`: serves a directory, boots a user VM with a stock kernel, mounts the directory there with the
 * stock client, works on it, and shows what happened on both sides.
 */
import { parseArgs } from 'node:util'
import { DemoReport } from './demo-report.ts'
import { demoShell } from './demo-shell.ts'
import { demoWork } from './demo-work.ts'
import { defaultKernel, kernelReleases, parseKernelName } from './kernel.ts'
import { startLayout } from './layout.ts'

const usage = `npm start [-- OPTIONS]

Serves a directory, boots a user VM, mounts the directory there with the kernel's own NFS client, works on it and shows
what happened.

  --shell            a prompt in the user VM instead, the export on /mnt; "exit" or ^D powers it off
  --layout LAYOUT    one-machine: fsva-nfsd on this machine (default)
                     two-vms: fsva-nfsd in an appliance VM of its own, on a virtio disk
  --fs TYPE          the appliance's file system, for two-vms: ext4 (default), xfs or btrfs
  --kernel VERSION   the user VM's kernel: ${Object.keys(kernelReleases).join(', ')} (default ${defaultKernel})
  --help             this text
`

async function main(): Promise<void> {
  const options = readArguments()
  if (options.help) {
    process.stdout.write(usage)
    return
  }
  const report = new DemoReport(process.stdout)
  const layout = await startLayout(options.layout, options.fileSystem, report)
  try {
    const boot = { kernel: options.kernel, interactive: options.shell }
    report.step('booting a user VM')
    const vm = await layout.userVm(boot)
    report.done(`Linux ${vm.kernelVersion}, ${(vm.bootMs / 1000).toFixed(1)} s`)
    const mount = layout.mountCommand()
    await report.shown('user-vm', mount, () => vm.sh(mount))
    if (options.shell) await demoShell(vm, report)
    else await demoWork(vm, layout, report)
  } finally {
    await layout.close()
  }
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      shell: { type: 'boolean', default: false },
      layout: { type: 'string', default: 'one-machine' },
      fs: { type: 'string', default: 'ext4' },
      kernel: { type: 'string', default: defaultKernel },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.layout !== 'one-machine' && values.layout !== 'two-vms') {
    throw new Error(`no layout named ${values.layout}: one-machine or two-vms`)
  }
  const { layout, fs } = values
  if (fs !== 'ext4' && fs !== 'xfs' && fs !== 'btrfs')
    throw new Error(`no file system ${fs}: ext4, xfs or btrfs`)
  return {
    layout,
    fileSystem: fs,
    kernel: parseKernelName(values.kernel),
    shell: values.shell,
    help: values.help,
  } as const
}

try {
  await main()
} catch (error) {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  process.stderr.write(
    `\n${(error as Error).message}\n${code.startsWith('ERR_PARSE_ARGS') ? `\n${usage}` : ''}`,
  )
  process.exitCode = 1
}
