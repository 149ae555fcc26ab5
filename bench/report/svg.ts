/** What the charts are drawn with: SVG text that needs no script and no font of its own. */

export type Attributes = Readonly<Record<string, string | number>>

export const colors = {
  text: '#1f2933',
  faint: '#6b7785',
  grid: '#dde2e8',
  ours: '#0f8b8d',
  peer: '#9aa5b1',
  missed: '#d97706',
} as const

export function element(name: string, attributes: Attributes, content = ''): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? Number(value.toFixed(1)) : escaped(value)}"`,
  )
  return `<${name}${words.join('')}${content === '' ? '/>' : `>${content}</${name}>`}`
}

export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, fill: colors.text, ...attributes }, escaped(text))
}

/** A whole picture, on white so that it can be read on any page. */
export function picture(width: number, height: number, title: string, parts: readonly string[]): string {
  const frame = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    'font-family': 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif',
    'font-size': 12,
    role: 'img',
  }
  const content = [
    element('title', {}, escaped(title)),
    element('rect', { width, height, fill: '#ffffff' }),
    label(16, 26, title, { 'font-size': 15, 'font-weight': 600 }),
    ...parts,
  ]
  return `${element('svg', frame, `\n${content.join('\n')}\n`)}\n`
}

/** Places values on a logarithmic axis, with a line and a name for each tick. */
export function logAxis(from: number, to: number, left: number, right: number) {
  const at = (value: number) =>
    left + ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))) * (right - left)
  const clamped = (value: number) => at(Math.min(to, Math.max(from, value)))
  const grid = (ticks: readonly number[], top: number, bottom: number, unit: string) =>
    ticks
      .filter((tick) => tick >= from && tick <= to)
      .flatMap((tick) => [
        element('line', { x1: at(tick), x2: at(tick), y1: top, y2: bottom, stroke: colors.grid }),
        label(at(tick), bottom + 16, `${tick.toLocaleString('en-US')}${unit}`, {
          'text-anchor': 'middle',
          fill: colors.faint,
        }),
      ])
  return { at: clamped, grid }
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
