/**
 * File systems that stop answering: frozen, a FUSE daemon that hangs, one that dies, a disk that breaks. Programs in the
 * user VM wait or are told, as local ones; whoever uses something else notices nothing.
 */
import { readFileSync } from 'node:fs'
import { command, commandSync } from './command.ts'
import type { ErrorScene, ExportName } from './error-scene.ts'

export interface WaitResult {
  readonly what: string
  /** Calls of this many programs were held. */
  readonly programs: number
  /** What happened to others meanwhile, and how it ended: each pair is [what was seen, what should be]. */
  readonly seen: readonly (readonly [what: string, got: string, expected: string])[]
}

/** More calls, and more bytes of calls, than one connection may have under way. */
const writers = 40
const readers = 8
const timeoutMs = 300_000

/** Used while another export is stuck: all of them share one TCP connection with it. */
async function use(scene: ErrorScene, name: ExportName): Promise<string> {
  const script = `rm -f use; head -c 2000000 /dev/zero > use && ls > /dev/null && mv use used && wc -c < used && rm used`
  return scene.remote(name, script)
}

/** Programs that are stuck in writing 1 MiB each until somebody lets the file system go on. */
async function startWriters(scene: ErrorScene, name: ExportName) {
  await command('sh', ['-e', '-c', `mkdir w; seq ${writers} | sed s,^,w/, | xargs touch`], {
    cwd: scene.here(name),
  })
  await scene.remote(
    name,
    `ls -l w > /dev/null; rm -f /tmp/started*
    for i in $(seq ${writers}); do head -c 1048576 /dev/urandom > /tmp/data-$i; sha256sum /tmp/data-$i > /tmp/sum-$i; done`,
  )
  return () => {
    const one = 'dd if=/tmp/data-$i of=w/$i bs=1M conv=notrunc,fsync status=none || echo failed $i'
    const script = `for i in $(seq ${writers}); do (touch /tmp/started-$i; ${one}) & done; wait`
    return scene.vm.run(`cd ${scene.there(name)}; ${script}`, { timeoutMs })
  }
}

async function writersAreStuck(scene: ErrorScene): Promise<void> {
  await scene.vm.sh(`until [ "$(ls /tmp/started-* | wc -l)" = ${writers} ]; do sleep 0.2; done; sleep 5`, {
    timeoutMs,
  })
}

/** What of the writers' data is on the server: "all" if it is what they wrote. */
async function written(scene: ErrorScene, name: ExportName): Promise<string> {
  const sums = async (text: Promise<string>) =>
    (await text)
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0])
  const there = await sums(scene.vm.sh(`for i in $(seq ${writers}); do cat /tmp/sum-$i; done`))
  const here = await sums(
    command('sh', ['-c', `for i in $(seq ${writers}); do sha256sum w/$i; done`], { cwd: scene.here(name) }),
  )
  const wrong = there.filter((sum, index) => sum !== here[index]).length
  return wrong === 0 && there.length === writers ? 'all' : `${wrong} of ${there.length} wrong`
}

export async function freeze(scene: ErrorScene): Promise<WaitResult> {
  const prepare = `mkdir cold; for i in $(seq ${readers}); do seq $i 20000 > cold/$i; done; sync -f .
    for i in $(seq ${readers}); do dd of=cold/$i oflag=nocache conv=notrunc,fdatasync count=0 status=none; done`
  await command('sh', ['-e', '-c', prepare], { cwd: scene.here('plain') })
  const start = await startWriters(scene, 'plain')
  const thaw = () => void commandSync('sh', ['-c', `fsfreeze -u ${scene.here('plain')} 2> /dev/null || true`])
  scene.scope.onClose(thaw)
  await command('fsfreeze', ['-f', scene.here('plain')])
  const seen: (readonly [string, string, string])[] = []
  let writing: ReturnType<typeof start>
  try {
    writing = start()
    await writersAreStuck(scene)
    const read = `for i in $(seq ${readers}); do tail -1 cold/$i & done; wait`
    const expected = Array(readers).fill('20000').join('\n')
    seen.push(['reads of it go on', await scene.remote('plain', read), expected])
    seen.push(['names of it are found', await scene.remote('plain', 'ls cold | wc -l'), `${readers}`])
    seen.push(['another export goes on', await use(scene, 'fuse'), '2000000'])
  } finally {
    thaw()
  }
  const { stdout, stderr, exitCode } = await writing
  seen.push(['after thawing no writer failed', `${stdout}${stderr}${exitCode}`, '0'])
  seen.push(['what they wrote is there', await written(scene, 'plain'), 'all'])
  return { what: 'frozen (fsfreeze -f), thawed', programs: writers, seen }
}

/** The process that serves a FUSE mount. */
function daemonOf(directory: string): Promise<string> {
  return command('pgrep', ['-f', `^\\S*bindfs .* ?${directory}$`]).then((pid) => pid.trim())
}

export async function hang(scene: ErrorScene): Promise<WaitResult> {
  const daemon = await daemonOf(scene.here('fuse'))
  const start = await startWriters(scene, 'fuse')
  scene.scope.onClose(() => void commandSync('sh', ['-c', `kill -CONT ${daemon} 2> /dev/null || true`]))
  process.kill(Number(daemon), 'SIGSTOP')
  const seen: (readonly [string, string, string])[] = []
  let writing: ReturnType<typeof start>
  let listing: ReturnType<typeof scene.vm.run>
  try {
    writing = start()
    listing = scene.vm.run(`cd ${scene.there('fuse')} && mkdir fresh && ls w | wc -l`, { timeoutMs })
    await writersAreStuck(scene)
    seen.push(['another export goes on', await use(scene, 'plain'), '2000000'])
    const options = scene.machine.server.mountOptions
    const { serverAddress } = scene.machine.network
    const mount = `mkdir -p /tmp/second && mount -t nfs -o ${options},nosharecache ${serverAddress}:${scene.here('small')} /tmp/second && ls /tmp/second > /dev/null && umount /tmp/second && echo mounted`
    seen.push(['another export can be mounted', await scene.vm.sh(mount, { timeoutMs }), 'mounted'])
  } finally {
    process.kill(Number(daemon), 'SIGCONT')
  }
  const { stdout, stderr, exitCode } = await writing
  seen.push(['when it goes on no writer failed', `${stdout}${stderr}${exitCode}`, '0'])
  const listed = await listing
  seen.push(['nor did others', `${listed.stdout}${listed.stderr}`.trim(), `${writers}`])
  seen.push(['what they wrote is there', await written(scene, 'fuse'), 'all'])
  return { what: 'FUSE daemon stopped (SIGSTOP), continued', programs: writers + 1, seen }
}

export async function die(scene: ErrorScene): Promise<WaitResult> {
  const daemon = await daemonOf(scene.here('fuse'))
  await scene.remote('fuse', 'mkdir -p d && echo x > d/f && cat d/f > /dev/null')
  process.kill(Number(daemon), 'SIGKILL')
  const script = 'attempt create d/n; attempt mkdir n; attempt unlink d/f; attempt list w'
  const local = await scene.local('plain', `attempt mkdir ${scene.here('fuse', 'd/e')}`)
  const failed = 'EIO\nEIO\nEIO\nopen EIO'
  const seen: (readonly [string, string, string])[] = [
    ['a local program is told', local, 'ENOTCONN'],
    ['programs are told', await scene.remote('fuse', script), failed],
    ['another export goes on', await use(scene, 'plain'), '2000000'],
  ]
  return { what: 'FUSE daemon killed', programs: 1, seen }
}

export async function breakDisk(scene: ErrorScene): Promise<WaitResult> {
  await scene.remote('broken', 'seq 20000 > f; seq 20000 > g; sync')
  const drop = 'dd of=g oflag=nocache conv=notrunc,fdatasync count=0 status=none'
  await command('sh', ['-e', '-c', `sync -f .; ${drop}`], { cwd: scene.here('broken') })
  await scene.vm.sh('echo 3 > /proc/sys/vm/drop_caches')
  scene.failing.breakDisk()
  const step = (output: string) => output.split(' ').at(-1)!
  const seen: (readonly [string, string, string])[] = [
    ['a write is told at fsync or close', step(await scene.remote('broken', 'attempt append f 4096')), 'EIO'],
    ['a read is told', step(await scene.remote('broken', 'attempt read g')), 'EIO'],
    ['a local read too', step(await scene.local('broken', 'attempt read g')), 'EIO'],
    ['another export goes on', await use(scene, 'plain'), '2000000'],
  ]
  return { what: 'ext4 whose disk fails every read and write', programs: 1, seen }
}

/** A file that is removed on the server while a program in the VM has it open. */
export async function removeOpen(scene: ErrorScene): Promise<WaitResult> {
  await scene.vm.sh('rm -f /tmp/go*')
  await command('sh', ['-c', 'echo x > open-elsewhere'], { cwd: scene.here('plain') })
  const holding = scene.remote('plain', 'attempt held open-elsewhere /tmp/go')
  await scene.vm.sh('until test -e /tmp/go.open; do sleep 0.1; done')
  await command('rm', [scene.here('plain', 'open-elsewhere')])
  // Longer than the client believes what it knows.
  await scene.vm.sh('sleep 4; echo 3 > /proc/sys/vm/drop_caches; touch /tmp/go')
  const seen = [['the program is told', (await holding).split(' ').at(-1)!, 'ESTALE']] as const
  return { what: 'open file removed on the server', programs: 1, seen }
}

/** The server lives and has logged no defect of its own. */
export function serverLog(scene: ErrorScene): string[] {
  const lines = readFileSync(scene.machine.server.logFile, 'utf8').trim().split('\n')
  return lines.filter((line) => /"level":(50|60)/.test(line))
}
