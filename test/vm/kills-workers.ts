/** What runs in each of two user VMs while the server is killed: scripts that go on until /tmp/stop exists. */

export interface Worker {
  readonly name: string
  readonly script: string
}

export const stopFile = '/tmp/stop'
/** Where the programs leave their trees as they ought to be, one directory per tree. */
export const expectedDirectory = '/tmp/expected'
/** The locks' files below the export's locks/, how they are taken, and how long they are held (ms). */
export const lockFiles = [
  { file: 'fcntl', kind: 'fcntl', how: 'wait', holdMs: 5, programs: 2 },
  { file: 'flock', kind: 'flock', how: 'wait', holdMs: 5, programs: 1 },
  // Held over many kills; the other VM tries to get it all the time.
  { file: 'held', kind: 'fcntl', how: 'try', holdMs: 20_000, programs: 1 },
] as const
export const treesPerVm = 2

/** Each statement of a script that fails ends it; `worker` is the VM's name in the export. */
export function workersOf(vm: string, seed: number): Worker[] {
  const trees = Array.from({ length: treesPerVm }, (_, index) => {
    const tree = `tree-${index + 1}`
    const expected = `${expectedDirectory}/${tree}`
    return {
      name: `${vm} ${tree}`,
      script: `mkdir -p /mnt/${vm}/${tree} ${expected}
        fsva-load-tree /mnt/${vm}/${tree} ${seed + index} ${stopFile} ${expected}`,
    }
  })
  const locks = lockFiles.flatMap(({ file, kind, how, holdMs, programs }) =>
    Array.from({ length: programs }, (_, index) => ({
      name: `${vm} lock-${file}-${index + 1}`,
      script: `fsva-load-lock /mnt/locks/${file} ${kind} ${how} ${holdMs} ${vm}-${index + 1} ${stopFile}`,
    })),
  )
  return [
    ...trees,
    ...locks,
    { name: `${vm} race`, script: `fsva-load-race /mnt/race ${vm} ${stopFile}` },
    { name: `${vm} git`, script: git(`/mnt/${vm}/git`) },
    { name: `${vm} sqlite-own`, script: sqlite(`/mnt/${vm}/own.db`, vm) },
    { name: `${vm} sqlite-shared`, script: sqlite('/mnt/shared.db', vm) },
  ]
}

function git(repository: string): string {
  return `git init -q --template= ${repository} && cd ${repository}
    commits=0 gcs=0 fscks=0
    until test -e ${stopFile}; do
      commits=$((commits + 1))
      mkdir -p part-$((commits % 5))
      seq $commits $((commits * 7 % 900 + commits)) > part-$((commits % 5))/file-$((commits % 13))
      test $((commits % 3)) != 0 || git rm -qf --ignore-unmatch part-$((commits % 4))/file-$((commits % 11))
      git add -A && git commit -qm "commit $commits"
      test -z "$(git status --porcelain)"
      if test $((commits % 5)) = 0; then git fsck --strict --no-progress; fscks=$((fscks + 1)); fi
      if test $((commits % 8)) = 0; then git gc -q --prune=now; gcs=$((gcs + 1)); fi
    done
    test "$(git rev-list --count HEAD)" = $commits
    echo commits $commits; echo gcs $gcs; echo fscks $fscks`
}

/** Tables made by prepareDatabase(). Three transactions at a time, then a look at what this VM has written so far. */
function sqlite(database: string, vm: string): string {
  return `transactions=0 checks=0
    until test -e ${stopFile}; do
      input="PRAGMA cache_size = 50;"
      for step in 1 2 3; do
        transactions=$((transactions + 1))
        input="$input BEGIN IMMEDIATE; INSERT INTO step VALUES ('${vm}', $transactions, randomblob(1500));
          UPDATE counter SET value = value + 1; COMMIT;"
      done
      input="$input SELECT count(*) FROM step WHERE vm = '${vm}';"
      expected="$transactions"
      if test $((transactions % 12)) = 0; then
        input="$input PRAGMA integrity_check;" checks=$((checks + 1)) expected="$transactions
ok"
      fi
      answer=$(echo "$input" | sqlite3 -bail -cmd '.timeout 600000' ${database})
      if test "$answer" != "$expected"; then echo "FAILED: sqlite ${database}: $answer instead of $expected"; exit 1; fi
    done
    echo transactions $transactions; echo checks $checks`
}

export const databaseSql = `CREATE TABLE step (vm TEXT, n INTEGER, data BLOB, PRIMARY KEY (vm, n));
  CREATE TABLE counter (value INTEGER); INSERT INTO counter VALUES (0);`
