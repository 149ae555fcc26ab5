/**
 * strip-types.ts DIRECTORY: TypeScript to JavaScript, in place. Node would strip the types itself, but at each
 * start, which costs an emulated CPU seconds. Relative imports name the .ts file; they are turned as well.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'

const relativeImport = /(['"])(\.{1,2}\/[^'"\n]+)\.ts\1/g

for (const entry of await readdir(process.argv[2]!, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
  const path = join(entry.parentPath, entry.name)
  const script = stripTypeScriptTypes(await readFile(path, 'utf8'))
  await writeFile(path.replace(/ts$/, 'js'), script.replace(relativeImport, '$1$2.js$1'))
  await rm(path)
}
