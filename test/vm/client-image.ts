/**
 * fsva-client for user VMs: Node and the package as npm installs it, on two read-only disks. The package is built for
 * each run, so it is never stale.
 */
import { cp, mkdir, realpath, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { clientParts, installPackages } from '../fixtures/installed-packages.ts'
import { nodeImage, packDirectory } from './appliance-image.ts'
import { addNode } from './node-command.ts'
import type { Vm } from './user-vm.ts'
import { linkDisks, virtioDisk } from './virtio-disk.ts'

/** Makes the client's image in `directory`; answers QEMU's arguments for both disks. */
export async function clientDisks(directory: string): Promise<string[]> {
  const image = join(directory, 'client.ext4')
  const installed = join(directory, 'client-installed')
  const staging = join(directory, 'client-tree')
  const modules = join(installed, 'node_modules')
  installPackages(modules)
  for (const part of clientParts(modules)) {
    const target = join(staging, 'node_modules', part)
    await mkdir(dirname(target), { recursive: true })
    await cp(await realpath(join(modules, part)), target, { recursive: true, dereference: true })
  }
  await packDirectory(staging, image)
  for (const tree of [installed, staging]) await rm(tree, { recursive: true })
  return [...virtioDisk('node', await nodeImage(), true), ...virtioDisk('client', image, true)]
}

/** Makes `fsva-client` and `node` commands of a VM that booted with `clientDisks`. */
export async function installClient(vm: Vm): Promise<void> {
  await linkDisks(vm)
  await addNode(vm)
  const bin = '/client/node_modules/@fsva/client/fsva-client/bin/fsva-client.js'
  await vm.sh(`
    mkdir -p /client && mount -t ext4 -o ro /run/disk/client /client
    printf '#!/bin/sh\\nexec node ${bin} "$@"\\n' > /usr/bin/fsva-client && chmod +x /usr/bin/fsva-client`)
}
