import type { Vm } from './user-vm.ts'

/** Mounts the disk of Node and makes a `node` command that finds the libraries it came with. */
export async function addNode(vm: Vm): Promise<void> {
  await vm.sh(`
    mkdir -p /node && mount -t ext4 -o ro /run/disk/node /node
    printf '#!/bin/sh\\nLD_LIBRARY_PATH=/node/lib exec /node/node "$@"\\n' > /usr/bin/node && chmod +x /usr/bin/node`)
}
