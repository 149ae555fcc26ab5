/** What failed, taken out of a finished step's output, to be said again at its end: of long output often only the end is kept. */

/** Lines of one failure that are said again. */
const linesMax = 60
/** Failures of one step that are said again. */
const failuresMax = 20

/** Each failed check with what was said about it, in the order in which they failed. */
export function failuresOf(output: string): readonly string[] {
  const found = [...failuresOfTap(output), ...failuresOfCargo(output)]
  const left = found.length - failuresMax
  return left > 0 ? [...found.slice(0, failuresMax), `... and ${left} more`] : found
}

/** `not ok 3 - name` with the block of YAML behind it; what failed only because of something in it has a time behind its name. */
function failuresOfTap(output: string): string[] {
  const lines = output.split('\n')
  const failed = [...lines.keys()].filter((index) => /^ *not ok \d+(?!.*# TODO)/.test(lines[index]!))
  const innermost = failed.filter((index) => !/ # time=[\d.]+ms$/.test(lines[index]!))
  return (innermost.length > 0 ? innermost : failed).map((index) =>
    [lines[index]!.trim(), ...blockBehind(lines, index)].join('\n'),
  )
}

/** The lines from `---` to `...` right behind a result. */
function blockBehind(lines: readonly string[], index: number): string[] {
  if (lines[index + 1]?.trim() !== '---') return []
  const block: string[] = []
  for (const line of lines.slice(index + 2, index + 2 + linesMax)) {
    if (line.trim() === '...') break
    block.push(line)
  }
  return block
}

/** `---- name stdout ----` and what that test printed. */
function failuresOfCargo(output: string): string[] {
  const parts = output.split(/^(?=---- .* ----$)/m).slice(1)
  return parts.map((part) =>
    part
      .split(/^failures:$/m)[0]!
      .trimEnd()
      .split('\n')
      .slice(0, linesMax)
      .join('\n'),
  )
}
