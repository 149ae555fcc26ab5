/** The judge of power cuts: what it has to notice, and what it has to let pass. */
import t from 'tap'
import { PromiseLog } from './promise-log.ts'
import { parseDump } from './promised-tree.ts'

function logged(...lines: string[]): PromiseLog {
  const log = new PromiseLog()
  log.feed(`${lines.join('\n')}\n`)
  return log
}

const file = (path: string, content: string, rest = '1 12288 5.000000000 7') =>
  `./${path} f 644 0 0 ${rest} ${content}`
const broken = (log: PromiseLog, ...lines: string[]) => log.broken(parseDump(lines.join('\n')))

t.test('a file that was promised', async (t) => {
  const log = logged('B 1 create a 644', 'E 1 0', 'B 2 write a 0 3 9 fsync', 'E 2 0')
  t.same(broken(log, file('a', '9x3,-')), [])
  t.same(broken(log), ['a is missing'])
  t.same(broken(log, file('a', '9x2,?x1,-')), ['a: block 2 is ?, not 9'])
  t.same(broken(log, file('a', '9x2,0x1,-')), ['a: block 2 is 0, not 9'])
  t.same(broken(log, file('a', '9x2,-', '1 8192 5.0 7')), ['a: 8192 bytes, not 12288 to 12288'])
  t.same(broken(log, file('a', '9x3,-'), file('b', '-')), ['b should not be there'])
  t.same(broken(log, file('a', '9x3,-').replace('644', '600')), ['a: mode is 600, not 644'])
  t.same(
    [...log.promises],
    [
      ['create', 1],
      ['write fsync', 1],
    ],
  )
})

t.test('what was written without a promise may be there or not, until it is promised', async (t) => {
  const log = logged('B 1 create a 644', 'E 1 0', 'B 2 append a 0 3 9', 'E 2 0')
  for (const content of ['9x3,-', '9x1,0x2,-', '?x3,-']) t.same(broken(log, file('a', content)), [])
  t.same(broken(log, file('a', '-', '1 0 5.0 7')), [])
  t.same(broken(log, file('a', '8x3,-')).length, 3, 'but nothing else')
  log.feed('B 3 sync a fsync\nE 3 0\n')
  t.same(broken(log, file('a', '9x3,-')), [])
  t.same(broken(log, file('a', '9x1,0x2,-')).length, 2)
})

t.test('names', async (t) => {
  const start = ['B 1 create a 644', 'E 1 0', 'B 2 link a b', 'E 2 0', 'B 3 utimes a 7.000000001', 'E 3 0']
  const log = logged(...start)
  const one = (path: string, inode = 7, mtime = '7.000000001') => file(path, '-', `2 0 ${mtime} ${inode}`)
  t.same(broken(log, one('a'), one('b')), [])
  t.same(broken(log, one('a'), one('b', 8)), ['a and b are not one file'])
  t.same(broken(log, one('a', 7, '7.000000002'), one('b')), ['a: mtime is 7.000000002, not 7.000000001'])
  const renamed = logged(...start, 'B 4 rename b c', 'E 4 0')
  t.same(broken(renamed, one('a'), one('c')), [])
  t.same(broken(renamed, one('a'), one('b')), ['c is missing', 'b should not be there'])
  const removed = logged(...start, 'B 4 unlink b', 'E 4 0')
  t.same(broken(removed, one('a'), one('b')), ['a: links is 2, not 1', 'b should not be there'])
})

t.test('an operation that was running may have been done or not', async (t) => {
  const log = logged('B 1 create a 644', 'E 1 0', 'B 2 rename a b')
  const one = (path: string) => file(path, '-', '1 0 5.0 7')
  t.same(broken(log, one('a')), [])
  t.same(broken(log, one('b')), [])
  t.same(broken(log).length, 1, 'but the file is somewhere')
  t.same(broken(log, one('a'), one('b')).length, 1, 'and not twice')
  const write = logged('B 1 create a 644', 'E 1 0', 'B 2 write a 0 3 9 osync')
  for (const content of ['9x3,-', '?x3,-', '0x3,-']) t.same(broken(write, file('a', content)), [])
})

t.test('errors', async (t) => {
  const seen = logged('B 1 mkdir a 755', 'E 1 17')
  t.same(seen.errors, ['mkdir a 755: errno 17'])
  const interrupted = logged('B 1 mkdir a 755')
  interrupted.cut()
  interrupted.feed('E 1 17\nB 2 unlink b\n')
  t.same(interrupted.errors, [])
  t.equal(interrupted.alreadyDone, 1)
  interrupted.cut()
  interrupted.feed('E 2 5\n')
  t.same(interrupted.errors, ['unlink b: errno 5'])
})

t.test('a directory is moved with what is in it', async (t) => {
  const log = logged('B 1 mkdir d 755', 'E 1 0', 'B 2 create d/in 600', 'E 2 0', 'B 3 rename d e', 'E 3 0')
  const directory = './e d 755 0 0 2 4096 5.000000000 8 -'
  const inside = file('e/in', '-', '1 0 5.0 7').replace('644', '600')
  t.same(broken(log, directory, inside), [])
  t.same(broken(log, directory), ['e/in is missing'])
  log.feed('B 4 utimes e 7.000000001\nE 4 0\n')
  t.same(broken(log, directory, inside), ['e: mtime is 5.000000000, not 7.000000001'])
  log.feed('B 5 unlink e/in\nE 5 0\n')
  t.same(broken(log, directory), [], 'which gives the directory another mtime')
})
