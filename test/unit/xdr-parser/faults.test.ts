/** Faults in an `.x` file: each says where it is and what was expected. */
import t from 'tap'
import { compile } from '../../../nfs-server/xdr-parser/compile.ts'
import { XdrSyntaxError } from '../../../nfs-server/xdr-parser/xdr-syntax-error.ts'

function fault(source: string): string {
  try {
    compile(source, { file: 'f.x', runtime: '..' })
  } catch (error) {
    if (error instanceof XdrSyntaxError) return error.message
    throw error
  }
  return 'no fault'
}

const colours = 'enum colour { RED = 1, GREEN = 2 };'
const syntax: [source: string, message: string][] = [
  ['const A = 1\nconst B = 2;', "f.x:2:1: expected ';' after the constant 'A', found 'const'"],
  ['const = 1;', "f.x:1:7: expected the name of the constant, found '='"],
  ['const int = 1;', "f.x:1:7: expected the name of the constant, and 'int' is a keyword, found 'int'"],
  [
    'const A = ;',
    "f.x:1:11: expected the value of the constant (a number or the name of a constant), found ';'",
  ],
  ['const A = 09;', "f.x:1:11: '09' is not a number: expected decimal, 0x hexadecimal or 0 octal digits"],
  ['const A = 12ab;', "f.x:1:11: '12ab' is not a number: expected decimal, 0x hexadecimal or 0 octal digits"],
  ['const A = 0x;', "f.x:1:11: '0x' is not a number: expected decimal, 0x hexadecimal or 0 octal digits"],
  ['\n\n  const A = "x";', `f.x:3:13: unexpected character '"'`],
  ['/* a\n b', 'f.x:1:1: this comment never ends'],
  ['/* a\n b */ struct', 'f.x:2:13: expected the name of the struct, found the end of the file'],
  ['int a;', "f.x:1:1: expected a definition (const, typedef, enum, struct, union or program), found 'int'"],
  ['const _a = 1;', "f.x:1:7: '_a' does not begin with a letter"],
  ['struct s { int a; ', 'f.x:1:19: expected a type, found the end of the file'],
  ['struct s { int a }', "f.x:1:18: expected ';' after the field 'a', found '}'"],
  [
    'struct s { quadruple q; };',
    "f.x:1:12: 'quadruple' is not supported: JavaScript has no 128-bit floating point",
  ],
  ['struct s { opaque a; };', "f.x:1:20: expected '[' or '<' (opaque data has a length), found ';'"],
  ['struct s { string a[3]; };', "f.x:1:20: expected '<' (strings have a variable length), found '['"],
  ['struct s { int a[]; };', "f.x:1:18: expected the length (a number or the name of a constant), found ']'"],
  ['struct s { int a<3; };', "f.x:1:19: expected '>' after the maximum, found ';'"],
  [
    'enum e { A, B };',
    "f.x:1:11: expected '=' after the enum value 'A' (RFC 4506 wants every value written out), found ','",
  ],
  ['enum e { A = 1, };', "f.x:1:17: expected the name of an enum value, found '}'"],
  ['typedef void;', 'f.x:1:1: void cannot be given a name'],
  ['union u { int a; };', "f.x:1:9: expected 'switch' after the name of the union, found '{'"],
  ['union u switch (int a) { int b; };', "f.x:1:26: expected 'case' or 'default', found 'int'"],
  [
    'union u switch (int a) { default: void; case 1: int b; };',
    "f.x:1:41: expected '}' (the default arm is the last one), found 'case'",
  ],
  [
    'program p { version v { void f(void) = 0; } = 1; };',
    "f.x:1:51: expected '=' before the number of the program, found ';'",
  ],
  ['program p { void f(void) = 0; } = 1;', "f.x:1:13: expected 'version' in a program, found 'void'"],
  ['program p { version v { void f() = 0; } = 1; } = 2;', "f.x:1:32: expected a type, found ')'"],
  [
    'program p { version v { void f(int, void) = 0; } = 1; } = 2;',
    'f.x:1:41: void stands alone in a parameter list',
  ],
]
const meaning: [source: string, message: string][] = [
  ['const A = 1;\nconst A = 2;', "f.x:2:7: 'A' is already defined at 1:7"],
  ['const A = B;', "f.x:1:11: 'B' is not defined before this"],
  ['const A = B; const B = 1;', "f.x:1:11: 'B' is not a constant"],
  ['const TRUE = 1;', "f.x:1:7: 'TRUE' is already defined by the language"],
  ['struct s { missing a; };', "f.x:1:12: 'missing' is not defined"],
  ['const A = 1; struct s { A a; };', "f.x:1:25: 'A' is not a type"],
  ['struct s { int a; hyper a; };', "f.x:1:25: 's' has a field 'a' already"],
  ['struct s { int a[-1]; };', 'f.x:1:18: the length is -1, not between 0 and 4294967295'],
  [
    'struct s { opaque a<4294967296>; };',
    'f.x:1:21: the maximum is 4294967296, not between 0 and 4294967295',
  ],
  ['enum e { A = 2147483648 };', "f.x:1:14: 'A' is 2147483648, not between -2147483648 and 2147483647"],
  [`${colours}\nconst RED = 4;`, "f.x:1:15: 'RED' is already defined at 2:7"],
  ['struct s { s a; };', "f.x:1:8: 's' always contains itself"],
  ['typedef a b; typedef b a;', "f.x:1:11: 'b' always contains itself"],
  ['struct s { t a[2]; }; struct t { s b; };', "f.x:1:8: 's' always contains itself"],
  ['union u switch (bool b) { case TRUE: u more; };', "f.x:1:7: 'u' always contains itself"],
  [
    'union u switch (hyper a) { case 1: void; };',
    'f.x:1:17: a union switches on an int, unsigned int, enum or bool',
  ],
  [
    'union u switch (void) { case 1: void; };',
    'f.x:1:17: a union switches on an int, unsigned int, enum or bool',
  ],
  [
    `union u switch (colour c) { case 1: void; };\n${colours}`,
    "f.x:1:17: 'colour' has to be defined before a union switches on it",
  ],
  [`${colours} union u switch (colour c) { case 3: void; };`, "f.x:1:70: 3 is not a value of 'colour'"],
  ['union u switch (bool b) { case 1: void; };', 'f.x:1:32: a bool is TRUE or FALSE'],
  ['union u switch (int a) { case 1: void; case 0x1: int b; };', "f.x:1:45: 'u' has a case 1 already"],
  ['union u switch (int a) { case 1: int a; };', "f.x:1:38: the arm 'a' has the name of the discriminant"],
  ['struct class { int a; };', "f.x:1:8: 'class' cannot be used: it means something in TypeScript"],
  ['struct s { int a; s *next; };\nstruct sList { int a; };', "f.x:2:8: 'sList' is reserved by the list 's'"],
  ['struct s { struct { int a; } b; }; struct s_b { int c; };', "f.x:1:12: 's_b' is already defined at 1:43"],
  [
    'program p { version v { void f(void) = 0; void g(void) = 0; } = 1; } = 2;',
    "f.x:1:48: 'g' = 0 is there already",
  ],
  [
    'program p { version v { void f(void) = 0; } = 1; version w { void f(void) = 0; } = 1; } = 2;',
    'f.x:1:84: version 1 is there already',
  ],
  ['%strings perhaps\nconst A = 1;', "f.x:1:1: expected '%strings text' or '%strings bytes'"],
]

t.test('syntax', async (t) => {
  for (const [source, message] of syntax) t.equal(fault(source), message, source)
})

t.test('meaning', async (t) => {
  for (const [source, message] of meaning) t.equal(fault(source), message, source)
})

t.test('the position is there for tools too', async (t) => {
  try {
    compile('const A = 1;\n  const A = 2;', { file: 'f.x', runtime: '..' })
    t.fail('no error')
  } catch (error) {
    if (!(error instanceof XdrSyntaxError)) throw error
    t.same([error.file, error.position], ['f.x', { line: 2, column: 9 }])
  }
})

t.test('a fault anywhere in a real file is a fault with a place, never a crash', async (t) => {
  const source =
    'enum e { A = 1 }; struct s { opaque a<3>; s *next; }; union u switch (e d) { case A: int x; default: void; }; program p { version v { u f(s) = 1; } = 1; } = 2;'
  for (let length = 0; length < source.length; length++) {
    const message = fault(source.slice(0, length))
    if (!/^f\.x:1:\d+: |^no fault$/.test(message)) t.fail(`${length}: ${message}`)
    const without = fault(source.slice(0, length) + source.slice(length + 1))
    if (!/^f\.x:1:\d+: |^no fault$/.test(without)) t.fail(`without ${length}: ${without}`)
  }
  t.equal(fault(source), 'no fault')
})
