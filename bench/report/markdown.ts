/** A table in Markdown; numbers get commas. `rule` is the line under the head, by column. */
export function markdownTable(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  rule: readonly string[] = columns.map(() => '---'),
): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(columns), line(rule), ...rows.map(line)].join('\n')
}

function cell(value: string | number): string {
  return typeof value === 'number' ? value.toLocaleString('en-US') : value.replaceAll('|', '\\|')
}
