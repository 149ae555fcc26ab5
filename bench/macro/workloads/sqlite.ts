import type { Sizes, Workload } from '../workload.ts'

const open = 'rm -f data.db data.db-journal'
const table = 'CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER, note TEXT);'

/** One insertion per transaction, each durable before the next one begins. */
export const sqliteInsert = ({ transactions }: Sizes): Workload => ({
  name: 'sqlite: insert',
  before: open,
  run: `{ echo '${table}'
    for ((i = 0; i < ${transactions}; i++)); do echo "INSERT INTO account VALUES ($i, 1000, 'note $i');"; done
  } | sqlite3 -bail data.db`,
  after: open,
})

const rows = 20_000

/** Two passes over a table, the second one from sqlite's own memory or the VM's. */
export const sqliteSelect: Workload = {
  name: 'sqlite: select',
  before: `${open}
    sqlite3 -bail data.db "${table}
      WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < ${rows - 1})
        INSERT INTO account SELECT n, n, 'note ' || n || ' of an account' FROM number"`,
  run: `test "$(sqlite3 data.db "SELECT count(*) FROM account WHERE note LIKE '%9%'; SELECT max(balance) FROM account" |
    tail -1)" = ${rows - 1}`,
  after: open,
}
