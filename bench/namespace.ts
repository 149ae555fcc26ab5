import { spawnSync } from 'node:child_process'

/**
 * Goes on only in network and mount namespaces of its own, in which no port is taken and what is mounted goes by itself;
 * else runs this program again there, with its arguments, and ends as it does.
 */
export function enterOwnNamespaces(name: string): void {
  if (process.env.FSVA_BENCH_NAMESPACE !== undefined) return
  if (process.getuid!() !== 0) {
    console.error(`${name}: needs root, for namespaces of its own; run it with sudo`)
    process.exit(1)
  }
  const inner = 'ip link set lo up && mount -t tmpfs none /run && exec "$0" "$@"'
  const words = ['-mn', 'sh', '-c', inner, process.execPath, ...process.argv.slice(1)]
  const environment = { ...process.env, FSVA_BENCH_NAMESPACE: '1' }
  const { status } = spawnSync('unshare', words, { stdio: 'inherit', env: environment })
  process.exit(status ?? 1)
}
