/**
 * One workload on one file system, once. It is mounted anew for it: nothing of it is in the client's caches, which still have the
 * programs. (/proc/sys/vm/drop_caches would take those as well.)
 */
import type { Machines, Target } from './machines.ts'
import { type MountStats, parseMountStats, statsBetween } from './mount-stats.ts'
import type { Workload } from './workload.ts'

export interface Measurement {
  readonly seconds: number
  /** Of the programs, in the client. */
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly stats: MountStats
}

/** Under emulation and beside others' work; ten times what any of it takes. */
const timeoutMs = 900_000
const separator = '----'

const mountPoint = ({ name }: Target) => `/mnt/${name}`

/** Makes every file system ready for the workloads: the project under git. */
export async function prepare(machines: Machines): Promise<void> {
  // The programs themselves come out of the client's memory, whoever runs them first.
  const programs = "find /bin /lib /usr/bin /usr/include /usr/lib -type f ! -name '*.a' ! -name 'lto*'"
  await machines.bash(`${programs} -print0 | xargs -0 cat > /dev/null`, timeoutMs)
  await machines.bash('cp /root/project.tar /tmp', timeoutMs)
  for (const target of machines.targets) {
    await machines.bash(
      `${mounting(target)}
      rm -rf ${work(target)}
      mkdir -p ${work(target)}/repository
      cd ${work(target)}/repository
      tar -xf /tmp/project.tar
      git init -q .
      git add -A && git commit -qm all
      git checkout -q -b side
      for file in src/*1.c tree/*/*/file-*1.ts; do echo '// side' >> $file; done
      git commit -qam side && git checkout -q main
      # What is as young as the index would be read by every git status.
      sleep 1.1
      touch .gitignore && git status --porcelain
      cd / && umount ${mountPoint(target)}`,
      timeoutMs,
    )
  }
}

export async function measure(machines: Machines, target: Target, workload: Workload): Promise<Measurement> {
  const { before = ':', run, after = ':' } = workload
  const at = mountPoint(target)
  const output = await machines.bash(
    `${mounting(target)}
    (cd ${work(target)}; ${before}
    ) > /dev/null
    cd / && umount ${at} && sync
    ${mounting(target)}
    cd ${work(target)}
    cat /proc/self/mountstats
    echo ${separator}
    TIMEFORMAT='%3R %3U %3S'
    { time bash -ec ${quoted(run)} > /dev/null; } 2> /tmp/said || { cat /tmp/said >&2; exit 1; }
    cat /proc/self/mountstats
    echo ${separator}
    tail -1 /tmp/said
    (${after}
    ) > /dev/null
    cd / && umount ${at}`,
    timeoutMs,
  )
  const [earlier, later, time] = output.split(`${separator}\n`)
  const [seconds, userSeconds, systemSeconds] = time!.trim().split(' ').map(Number)
  const stats = statsBetween(parseMountStats(earlier!, at), parseMountStats(later!, at))
  return { seconds: seconds!, userSeconds: userSeconds!, systemSeconds: systemSeconds!, stats }
}

function mounting(target: Target): string {
  return `mkdir -p ${mountPoint(target)} && mount ${target.mount} ${mountPoint(target)}`
}

/** Two servers may export the same directory. */
function work(target: Target): string {
  return `${mountPoint(target)}/work-${target.name}`
}

function quoted(script: string): string {
  return `'${script.replaceAll("'", `'\\''`)}'`
}
