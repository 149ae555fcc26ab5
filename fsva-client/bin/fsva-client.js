#!/usr/bin/env node
// Plain JavaScript that every Node version can parse: its job is to explain a Node that is too old.
import { existsSync } from 'node:fs'

const needed = 24
const major = Number(process.versions.node.split('.')[0])
if (major < needed) {
  console.error(
    `fsva-client: needs Node.js ${needed} or newer, but this is ${process.versions.node} (${process.execPath}).\n` +
      'In a clone of the repository, "npx fsva-client" uses the Node.js that npm installed with it.',
  )
  process.exit(1)
}
// A clone runs the sources (Node strips their types); a published package holds what the compiler made of them.
const source = new URL('../main.ts', import.meta.url)
const entry = existsSync(source) ? source : new URL('../main.js', import.meta.url)
await import(entry.href)
