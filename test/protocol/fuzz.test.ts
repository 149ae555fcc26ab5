/**
 * The short form of `npm run soak -- fuzz`: records made from the .x files, and bytes of them changed, against the real
 * fsva-nfsd. test/fuzz/main.ts --help says how to send a record again that something was found with.
 */
import t from 'tap'
import { cannotFuzz, runFuzzer } from '../fuzz/namespace.ts'

t.setTimeout(300_000)
const options = { skip: cannotFuzz() }

t.test('30,000 records: every answer is right, nothing leaks, others are served', options, async (t) => {
  const count = 30_000
  const result = await runFuzzer({ seed: 1, count })
  t.same(result.findings, [])
  t.same(result.failures, [])
  t.equal(result.sent, count)
  t.ok(result.witness.rounds > 10, `the witness was served ${result.witness.rounds} times`)
  for (const { program, version, procedure, counted } of result.procedures) {
    t.ok(counted > 0, `${program} ${version} ${procedure} was reached ${counted} times`)
  }
  const unsuccessful = result.procedures.filter(({ program, liveOk }) => program === 'nfs' && liveOk === 0)
  t.same(
    unsuccessful.map(({ procedure }) => procedure),
    ['NULL'],
    'every procedure of NFS with a handle did its work on live ones',
  )
  t.comment(JSON.stringify({ ...result, procedures: undefined, samples: undefined }))
})

t.test('a server that leaks 2 KiB per call is found out', options, async (t) => {
  const { findings, failures } = await runFuzzer({ seed: 1, count: 6000, leakBytes: 2048 })
  t.same(findings, [])
  t.match(failures.join('\n'), /memory that JavaScript holds after a collection .* grew/)
})
