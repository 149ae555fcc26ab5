/** Every part of the soak, in the order it runs and is reported. */
import { part as errors } from './errors.ts'
import { part as fuzz } from './fuzz.ts'
import { part as fuzzNative } from './fuzz-native.ts'
import { part as kills } from './kills.ts'
import { part as matrix } from './matrix.ts'
import { part as overload } from './overload.ts'
import type { SoakPart } from './part.ts'
import { part as powerCuts } from './power-cuts.ts'
import { part as replyCache } from './reply-cache.ts'
import { part as suites } from './suites.ts'

export const parts: readonly SoakPart[] = [
  replyCache,
  kills,
  powerCuts,
  fuzz,
  fuzzNative,
  errors,
  overload,
  suites,
  matrix,
]
