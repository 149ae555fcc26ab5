/** The kernel's own NFS server in a VM that has the Debian root, with the programs of nfs-kernel-server. */
import { inDebianRoot } from './debian-root.ts'
import type { Vm } from './user-vm.ts'

/** Beside fsva-nfsd's, which runs in the same VM. */
export const kernelNfsdPort = 3049
export const kernelNfsdMountPort = 30048

/**
 * Exports `directory`, which the VM has mounted, with `sync` (the default of exports(5)) and the client's root as root, by
 * NFS version 3 alone and the default number of threads.
 */
export async function startKernelNfsd(vm: Vm, directory: string): Promise<void> {
  await vm.sh(`
    modprobe nfsd
    # fsva-nfsd's own is for the network; the kernel's server asks on this machine. 127.0.0.1 comes by itself:
    # rpcbind 1.2.6 aborts if it is named.
    rpcbind -w -h 127.0.0.2
    mkdir -p /debian${directory} && mount --bind ${directory} /debian${directory}
    mount -t nfsd nfsd /debian/proc/fs/nfsd
    ${inDebianRoot} /bin/bash -e << 'end'
      mkdir -p /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/nfs/v4recovery
      touch /var/lib/nfs/etab /var/lib/nfs/rmtab
      exportfs -o rw,sync,no_root_squash,no_subtree_check,insecure,fsid=1 '*:${directory}'
      rpc.nfsd -N 4 -V 3 -p ${kernelNfsdPort} 8
      rpc.mountd -N 4 -p ${kernelNfsdMountPort}
end`)
}
