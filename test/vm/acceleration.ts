/**
 * KVM or plain emulation. /dev/kvm can exist and still hang or kill stock kernels, so KVM is used only after
 * a bounded probe boot; the answer is kept for this boot of the machine.
 */
import { accessSync, constants } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { AgentChannel } from './agent-channel.ts'
import { cached } from './cache.ts'
import type { Kernel } from './kernel.ts'
import { type Acceleration, Qemu } from './qemu.ts'
import { RunScope } from './run-scope.ts'

const probeTimeoutMs = 15_000

export async function chooseAcceleration(kernel: Kernel, initramfs: string): Promise<Acceleration> {
  const forced = process.env.FSVA_VM_ACCELERATION
  if (forced === 'tcg' || forced === 'kvm') return forced
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return 'tcg'
  }
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const path = await cached(`kvm/${bootId}-${kernel.version}`, async (partial) => {
    await writeFile(partial, (await kvmBoots(kernel, initramfs)) ? 'kvm' : 'tcg')
  })
  return (await readFile(path, 'utf8')) === 'kvm' ? 'kvm' : 'tcg'
}

/** Whether a VM under KVM boots with two CPUs and runs a script within the time limit. */
async function kvmBoots(kernel: Kernel, initramfs: string): Promise<boolean> {
  const scope = new RunScope()
  const qemu = new Qemu(scope, {
    name: 'kvm-probe',
    vmlinuz: kernel.vmlinuz,
    initramfs,
    acceleration: 'kvm',
    cpus: 2,
    memoryMiB: 512,
    kernelParameters: [],
    deviceArguments: [],
    interactive: false,
    inside: (argv) => [...argv],
  })
  const nobody = { uid: 65534, gid: 65534, groups: [] }
  const works = async () => {
    const channel = await AgentChannel.connect(qemu.agentSocket, Date.now() + probeTimeoutMs)
    await channel.ready
    const work = 'for i in 1 2 3 4 5 6 7 8; do (sha256sum /bin/busybox > /dev/null) & done; wait; echo works'
    return (await channel.run(work, nobody, Buffer.alloc(0)).result).stdout.toString() === 'works\n'
  }
  const no = () => false
  try {
    return await Promise.race([
      works().catch(no),
      qemu.ended.then(no),
      sleep(probeTimeoutMs, false, { ref: true }),
    ])
  } finally {
    scope.close()
  }
}
