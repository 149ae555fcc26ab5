/** A project that looks like one in C: always the same for the same sizes, packed by tar. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../../test/vm/command.ts'
import { writeSourceTree } from '../../test/vm/source-tree.ts'
import type { Sizes } from './workload.ts'

/** Headers of other units that each unit includes. */
const includes = 8
const functions = 16

/** Writes `units` C files with a header each, a Makefile, and `texts` other files below `directory`; packs them. */
export async function makeProject(directory: string, tarPath: string, sizes: Sizes): Promise<void> {
  const { units, texts } = sizes
  for (const part of ['src', 'include']) await mkdir(join(directory, part), { recursive: true })
  for (let unit = 0; unit < units; unit++) {
    await writeFile(join(directory, 'include', `unit${unit}.h`), header(unit))
    await writeFile(join(directory, 'src', `unit${unit}.c`), source(unit, units))
  }
  await writeFile(join(directory, 'src', 'main.c'), main(units))
  await writeFile(join(directory, 'Makefile'), makefile)
  await writeFile(join(directory, '.gitignore'), 'build/\n/program\n')
  await writeSourceTree(directory, texts)
  const parts = ['Makefile', '.gitignore', 'src', 'include', 'tree']
  await command('tar', ['-C', directory, '-cf', tarPath, ...parts])
}

const makefile = `objects := $(patsubst src/%.c,build/%.o,$(wildcard src/*.c))
program: $(objects)
	gcc -o $@ $^
build/%.o: src/%.c | build
	gcc -O2 -Iinclude -MMD -c -o $@ $<
build:
	mkdir build
clean:
	rm -rf build program
.PHONY: clean
-include $(wildcard build/*.d)
`

const range = (length: number) => Array.from({ length }, (_, index) => index)

const header = (unit: number) => `#ifndef UNIT${unit}_H
#define UNIT${unit}_H
#include <stddef.h>
#include <stdint.h>
struct unit${unit}_state { uint64_t words[${16 + (unit % 7)}]; size_t used; const char *name; };
${range(functions)
  .map((index) => `uint64_t unit${unit}_step${index}(struct unit${unit}_state *state, const char *text);`)
  .join('\n')}
#endif
`

const source = (unit: number, units: number) => `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
${range(includes)
  .map((index) => `#include "unit${(unit + index * 7) % units}.h"`)
  .join('\n')}

${range(functions)
  .map((index) => step(unit, index))
  .join('\n')}
`

const step = (unit: number, index: number) => `/* Mixes ${index + 1} rounds of a text into the state. */
uint64_t unit${unit}_step${index}(struct unit${unit}_state *state, const char *text)
{
    size_t words = sizeof state->words / sizeof state->words[0];
    uint64_t sum = ${unit * 31 + index}u;
    for (const char *at = text; *at != 0; at++) {
        sum = sum * 1099511628211u ^ (uint8_t)*at;
        state->words[(sum >> ${index % 13}) % words] += sum;
    }
    for (size_t word = 1; word < words; word++)
        state->words[word] ^= state->words[word - 1] << ${(index % 17) + 1};
    state->used += strlen(text);
    state->name = sum % 2 ? text : "${`unit ${unit} step ${index} `.repeat(3)}";
    return sum;
}
`

const main = (units: number) => `#include <stdio.h>
${range(units)
  .map((unit) => `#include "unit${unit}.h"`)
  .join('\n')}

int main(void)
{
    uint64_t sum = 0;
${range(units)
  .map((unit) => `    sum += unit${unit}_step0(&(struct unit${unit}_state){0}, "text");`)
  .join('\n')}
    printf("%llu\\n", (unsigned long long)sum);
    return 0;
}
`
