import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parts } from '../soak/parts.ts'
import { renderReport, reportPath } from '../soak/report.ts'

t.test('docs/reliability.md says what the kept results say', async (t) => {
  const formatted = execFileSync('biome', ['format', '--stdin-file-path=docs/reliability.md'], {
    input: renderReport(parts),
    encoding: 'utf8',
  })
  t.equal(readFileSync(reportPath, 'utf8'), formatted, 'make it anew: npm run soak -- --report')
})
