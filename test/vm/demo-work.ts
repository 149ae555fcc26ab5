/** The visible work of `npm start`. */

import { repositoryRoot } from './cache.ts'
import { command } from './command.ts'
import type { DemoReport } from './demo-report.ts'
import type { Layout } from './layout.ts'
import type { Vm } from './user-vm.ts'

// Only against hanging: generous, because without KVM, on a busy machine, git takes minutes.
const timeoutMs = 900_000
const checksum = 'find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum'
const proceduresShownMax = 30

export async function demoWork(vm: Vm, layout: Layout, report: DemoReport): Promise<void> {
  const inVm = (script: string) => report.shown('user-vm', script, () => vm.sh(script, { timeoutMs }))
  const onServer = (script: string) => report.shown(layout.serverName, script, () => layout.onServer(script))
  const archive = await packOwnSources()
  await vm.sh('cat > /tmp/fsva.tar', { input: archive })

  report.heading('Work in the user VM, through its stock NFS client')
  await inVm('mkdir /mnt/fsva && tar -C /mnt/fsva -xof /tmp/fsva.tar')
  await inVm('cd /mnt/fsva && find . -type f | wc -l && ls nfs-server')
  await inVm("cd /mnt/fsva && sed -i 's/appliance/APPLIANCE/g' README.md && grep -c APPLIANCE README.md")
  await inVm(
    'cd /mnt/fsva && git init -q && git add -A && git commit -qm demo && git status -s && git log --oneline',
  )
  await inVm('dd if=/dev/urandom of=/mnt/random bs=1M count=32 conv=fsync 2>&1 | tail -1')
  await inVm('cd /mnt && ln random linked && ln -s fsva/README.md readme && mv linked renamed && ls -l')
  await inVm('df -h /mnt')

  report.heading('The same, seen by the client and by the server')
  const theirs = await inVm(`umount /mnt && ${layout.mountCommand()} && cd /mnt && ${checksum}`)
  const ours = await onServer(`cd ${layout.exportDirectory} && ${checksum}`)
  if (theirs !== ours)
    throw new Error('the checksums differ: the server holds something else than the client sees')
  report.line('      the checksums of all files agree')
  await onServer(`stat -c '%A %h %U %s bytes, inode %i: %n' ${layout.exportDirectory}/r*`)
  await inVm("stat -c '%A %h %U %s bytes, inode %i: %n' /mnt/r*")
  await onServer(`df -h ${layout.exportDirectory}`)

  report.heading('What the server was asked')
  showCalls(await layout.calls(), report)
  await vm.sh('umount /mnt')
  report.line(
    '\nDone. `npm start -- --shell` gives you the VM to play with; `npm start -- --help` lists the rest.',
  )
}

/** This project's own files as a tar archive. Not every copy of the project is a git clone. */
async function packOwnSources(): Promise<Buffer> {
  const excluded = ['node_modules', '.git', '.cache', '.tap', 'target', '*.node'].map(
    (name) => `--exclude=${name}`,
  )
  const packed = await command('sh', [
    '-c',
    `tar -C "$1" ${excluded.map((e) => `'${e}'`).join(' ')} -cf - . | base64 -w0`,
    'sh',
    repositoryRoot,
  ])
  return Buffer.from(packed, 'base64')
}

function showCalls(calls: ReadonlyMap<string, number>, report: DemoReport): void {
  const rows = [...calls].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1])
  const total = rows.reduce((sum, [, count]) => sum + count, 0)
  const highest = rows[0]?.[1] ?? 1
  for (const [name, count] of rows.slice(0, proceduresShownMax)) {
    const bar = '#'.repeat(Math.ceil((count / highest) * 30))
    report.line(`      ${name.padEnd(24)} ${String(count).padStart(7)}  ${bar}`)
  }
  report.line(`      ${'total'.padEnd(24)} ${String(total).padStart(7)}`)
}
