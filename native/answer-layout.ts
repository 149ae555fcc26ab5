/**
 * Offsets and sizes in bytes of what the addon answers in shared memory. core/src/answer.rs defines them and names
 * them the same; binding.ts refuses an addon that differs.
 */
export const answerLayout = {
  answerBytes: 464,
  'answer.status': 0,
  'answer.count': 4,
  'answer.flags': 8,
  'answer.handleLength': 12,
  'answer.verifier': 16,
  'answer.numbers': 24,
  'answer.handle': 72,
  'answer.object': 136,
  'answer.directory': 224,
  'answer.toDirectory': 312,
  'answer.before': 400,
  'answer.toBefore': 432,
  attributesBytes: 88,
  'attributes.size': 0,
  'attributes.used': 8,
  'attributes.fsid': 16,
  'attributes.fileid': 24,
  'attributes.present': 32,
  'attributes.type': 36,
  'attributes.mode': 40,
  'attributes.nlink': 44,
  'attributes.uid': 48,
  'attributes.gid': 52,
  'attributes.rdevMajor': 56,
  'attributes.rdevMinor': 60,
  'attributes.atime': 64,
  'attributes.mtime': 72,
  'attributes.ctime': 80,
  wccBytes: 32,
  'wcc.size': 0,
  'wcc.mtime': 8,
  'wcc.ctime': 16,
  'wcc.present': 24,
  targetBytesMax: 4096,
  inlineListingBytesMax: 32768,
} as const

/** What a difference looks like, or undefined if there is none. */
export function layoutDifference(actual: Readonly<Record<string, number>>): string | undefined {
  const names = new Set([...Object.keys(actual), ...Object.keys(answerLayout)])
  const expected: Readonly<Record<string, number>> = answerLayout
  for (const name of names) {
    if (actual[name] !== expected[name]) {
      return `${name} is ${actual[name]} in the addon and ${expected[name]} in answer-layout.ts`
    }
  }
  return undefined
}
