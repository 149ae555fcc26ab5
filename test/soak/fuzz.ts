/** A million records against the server: test/fuzz. */
import { runFuzzer } from '../fuzz/namespace.ts'
import type { FuzzResult, ProcedureFigures } from '../fuzz/result.ts'
import { type SoakPart, type SoakTable, scaled } from './part.ts'

const seed = 20_260

export const part: SoakPart = {
  name: 'fuzz',
  title: 'Fuzzing',
  summary:
    'Records made from the `.x` files (NFS, MOUNT, NLM, NSM, NFSACL, rpcbind; all versions and procedures), with good and bad ' +
    'credentials, with handles that the server gave out, and that are stale, damaged or of other exports, then changed byte by ' +
    'byte, cut into fragments, cut off. Every answer is compared with what a second decoder, which walks the `.x` file, says is ' +
    'due. The server must answer every call that is one, stay flat in memory, descriptors and threads, serve a well-behaved ' +
    'client all along, leave alone what is not exported or read-only, log no surprise and stop cleanly.',
  async run(context) {
    const count = scaled(context, 1_000_000)
    const result = await runFuzzer({ seed, count, settles: true, progress: context.progress })
    const findings = result.findings.map(({ index, what, where }) => `record ${index} (${where}): ${what}`)
    return {
      paragraphs: [described(result)],
      tables: [ways(result), procedures(result), memory(result)],
      failures: [...findings, ...result.failures],
    }
  },
}

function described({ seed, seconds, sent, witness, removed }: FuzzResult): string {
  return (
    `${sent.toLocaleString('en-US')} records (seed ${seed}) in ${seconds} s, on 14 connections and 4 UDP sockets. The witness made ` +
    `${(witness.rounds * 8).toLocaleString('en-US')} calls meanwhile, all answered right; a round of eight of them took ` +
    `${witness.p50_ms.toFixed(0)} ms (median), at most ${witness.max_ms.toFixed(0)} ms. A program of the server's machine removed ` +
    `${removed.toLocaleString('en-US')} files and trees under the clients' hands to keep the exports from filling up.`
  )
}

function ways({
  byOrigin,
  byTransport,
  fragmented,
  repeated,
  answered,
  unanswerable,
  elsewhere,
}: FuzzResult): SoakTable {
  const refused = Object.values(elsewhere).reduce((sum, count) => sum + count, 0)
  return {
    caption: 'How they were made and sent, and what became of them:',
    columns: ['records', 'number'],
    rows: [
      ['valid by type', byOrigin['by type']!],
      ['changed byte by byte', byOrigin.mutated!],
      ['of a wrong program, version or procedure', byOrigin['wrong program']!],
      ['on connections that break off or lie about lengths', byOrigin['broken framing']!],
      ['by TCP', byTransport.tcp!],
      ['by UDP', byTransport.udp!],
      ['in several fragments', fragmented],
      ['sent twice', repeated],
      ['answered', answered],
      ['of these refused for header or credential', refused],
      ['no call at all, or cut off: no answer is due', unanswerable],
    ],
  }
}

function procedures({ procedures }: FuzzResult): SoakTable {
  const row = ({ program, version, procedure, counted, ran, ok, live, liveOk }: ProcedureFigures) =>
    [program, version, procedure, counted, ran, ok, live, liveOk] as const
  return {
    caption:
      'What reached each procedure. "Calls" is the server\'s own count, which includes repetitions, the witness and arguments that ' +
      'did not decode; "ran" are records whose arguments decoded; "live" are those of them that had a handle which the ' +
      'server gave out and did not call stale.',
    columns: ['program', 'version', 'procedure', 'calls', 'ran', 'OK', 'live', 'live and OK'],
    rows: procedures.map(row),
  }
}

function memory({ samples }: FuzzResult): SoakTable {
  const mebibytes = (bytes: number) => (bytes / (1 << 20)).toFixed(1)
  return {
    caption: 'What the server held on to, memory in MiB. "Held" is what is left after a full collection.',
    columns: ['records', 'resident', 'of it anonymous', 'held by JavaScript', 'descriptors', 'threads'],
    rows: samples
      .filter((_, index) => index % 4 === 3)
      .map(({ records, residentBytes, anonymousBytes, heldBytes, descriptors, threads }) => [
        records,
        mebibytes(residentBytes),
        mebibytes(anonymousBytes),
        mebibytes(heldBytes),
        descriptors,
        threads,
      ]),
  }
}
