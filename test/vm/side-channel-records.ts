/**
 * A file of numbered records, each of which says which one it is. As a program, for the appliance:
 *
 *   side-channel-records mark FILE   overwrites each record that is there whole, and prints their numbers
 *   side-channel-records check FILE  prints how many there are, and the numbers of those that are overwritten, and of those that
 *                                    are neither that nor what they should be
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

export const recordBytes = 4096

export function record(number: number): Buffer {
  const words = Buffer.from(`record ${number} `.padEnd(32, '.'))
  return Buffer.alloc(recordBytes, words)
}

const overwritten = Buffer.alloc(recordBytes, 'somebody else was here ')

function* recordsOf(path: string): Generator<[number, Buffer]> {
  const content = readFileSync(path)
  for (let number = 0; (number + 1) * recordBytes <= content.length; number++)
    yield [number, content.subarray(number * recordBytes, (number + 1) * recordBytes)]
}

function mark(path: string): number[] {
  const marked: number[] = []
  const file = openSync(path, 'r+')
  for (const [number, found] of recordsOf(path)) {
    if (!found.equals(record(number))) continue
    writeSync(file, overwritten, 0, recordBytes, number * recordBytes)
    marked.push(number)
  }
  fsyncSync(file)
  closeSync(file)
  return marked
}

function check(path: string): { count: number; marked: number[]; wrong: number[] } {
  const marked: number[] = []
  const wrong: number[] = []
  let count = 0
  for (const [number, found] of recordsOf(path)) {
    count++
    if (found.equals(overwritten)) marked.push(number)
    else if (!found.equals(record(number))) wrong.push(number)
  }
  return { count, marked, wrong }
}

const [verb, path] = process.argv.slice(2)
if (verb === 'mark') console.log(JSON.stringify(mark(path!)))
if (verb === 'check') console.log(JSON.stringify(check(path!)))
