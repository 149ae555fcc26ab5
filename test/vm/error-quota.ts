/** A user's quota on the xfs of an appliance VM, whose kernel has quotas whatever this machine's has. */
import { join } from 'node:path'
import { makeDisk } from './disk.ts'
import type { ErrorRow } from './error-rows.ts'
import { FsvaVm } from './fsva-vm.ts'
import { createPrivateLink } from './private-link.ts'
import { RunScope } from './run-scope.ts'
import { Vm } from './user-vm.ts'

const user = { uid: 1000 }
const other = { uid: 1001 }
const limitMiB = 8
const filesMax = 20

interface QuotaCase {
  readonly what: string
  readonly who: { readonly uid: number }
  /** In a directory of the user's own; the last word of what it prints is compared. */
  readonly script: string
  readonly expected: string
}

const big = (limitMiB + 4) * 2 ** 20
const cases: readonly QuotaCase[] = [
  {
    what: 'EDQUOT: write over a user’s quota of xfs',
    who: user,
    script: `fsva-attempt write f ${big}`,
    expected: 'EDQUOT',
  },
  {
    what: 'EDQUOT: the same with O_SYNC',
    who: user,
    script: `rm f; fsva-attempt write-sync f ${big}`,
    expected: 'EDQUOT',
  },
  {
    what: 'EDQUOT: the same with O_DIRECT',
    who: user,
    script: `rm f; fsva-attempt write-direct f ${big}`,
    expected: 'EDQUOT',
  },
  {
    what: 'EDQUOT: one file too many',
    who: user,
    script: `rm f; for i in $(seq ${filesMax}); do touch $i || true; done 2> /dev/null; fsva-attempt create more`,
    expected: 'EDQUOT',
  },
  {
    what: 'room again after a removal',
    who: user,
    // xfs gives back what a removed file held a moment later, in the background.
    script: `rm *; for i in $(seq 300); do [ "$(fsva-attempt write f 4096)" = ok ] && break; sleep 0.1; done; fsva-attempt write f 4096`,
    expected: 'ok',
  },
  {
    what: 'another user is not concerned',
    who: other,
    script: `fsva-attempt write f ${big}`,
    expected: 'ok',
  },
]

export async function quotaRows(): Promise<ErrorRow[]> {
  const scope = new RunScope()
  try {
    const link = createPrivateLink(scope)
    const file = join(scope.directory, 'quota.xfs')
    await makeDisk(file, 'xfs', 300)
    const directory = FsvaVm.exportDirectory
    const disk = { serial: 'data', fileSystem: 'xfs', file, directory, mountOptions: 'uquota' } as const
    const fsva = await FsvaVm.bootBare(scope, { attachment: link.appliance, disks: [disk] })
    await fsva.mount(disk)
    const limit = `limit bhard=${limitMiB}m ihard=${filesMax} ${user.uid}`
    await fsva.vm.sh(`chmod 1777 ${directory} && xfs_quota -x -c '${limit}' ${directory}`)
    await fsva.startServer(['--export', directory])
    const vm = await Vm.boot(scope, {
      name: 'user-vm',
      attachment: link.user,
      inside: (argv) => argv.slice(),
    })
    await vm.sh(`mount -t nfs -o nolock ${fsva.address}:${directory} /mnt`)
    const local = await runIn(fsva.vm, `${directory}/local`)
    // The quota is one for both.
    await fsva.vm.sh(`rm -r ${directory}/local*; sync -f ${directory}`)
    const remote = await runIn(vm, '/mnt/remote')
    return cases.map(({ what, expected }, index) => ({
      what,
      local: local[index]!,
      remote: remote[index]!,
      expectedLocal: expected,
      expectedRemote: expected,
      why: '',
    }))
  } finally {
    scope.close()
  }
}

async function runIn(vm: Vm, directory: string): Promise<string[]> {
  const answers: string[] = []
  for (const { who, script } of cases) {
    const own = `mkdir -p ${directory}-${who.uid} && cd ${directory}-${who.uid}`
    const output = await vm.sh(`${own}\n${script}`, who)
    answers.push(output.split(/\s/).at(-1)!)
  }
  return answers
}
