/** The native code's decoders and tables, with more cases per property than `cargo test` has time for. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type SoakPart, scaled } from './part.ts'

const manifest = join(import.meta.dirname, '..', '..', 'native', 'Cargo.toml')

/** What each property is about; its cases are PROPTEST_CASES, less where one opens files. */
const properties: readonly (readonly [test: string, about: string])[] = [
  ['handle::tests::what_is_sealed_opens_as_it_was', 'sealing and opening handles'],
  ['handle::tests::any_bytes_are_a_bad_handle', 'handles of any bytes'],
  ['handle::tests::every_flipped_bit_is_noticed', 'handles with a bit changed'],
  ['handle::tests::every_other_length_is_noticed', 'handles cut short and made longer'],
  ['handle_table::properties::an_id_is_one_object_for_ever', 'the handle table against a model'],
  ['handle_table::properties::any_bytes_are_survived', 'handle table files of any bytes'],
  ['handle_table::properties::any_records_are_survived', 'handle table files of any records'],
  ['handle_table::properties::records_read_as_they_were_written', 'records of the handle table'],
  ['lock_table::properties::agrees_with_a_table_of_bytes', 'locks against a table of bytes and the kernel'],
  ['lock_table::properties::any_offset_and_length_make_a_range_or_none', 'ranges of locks'],
  ['reply_record::damage::a_damaged_record_gives_right_replies_or_none', 'damaged reply records'],
  ['reply_record::tests::agrees_with_a_model_over_any_number_of_deaths', 'the reply record against a model'],
  ['reply_record_evidence::tests::any_bytes_decode_to_something_or_nothing', 'evidence of any bytes'],
  ['client_network::tests::blocks_contain_what_shares_their_prefix', 'networks of clients'],
  ['client_network::tests::any_text_is_survived', 'networks of any text'],
  ['export_policy::tests::nobody_becomes_root_by_root_squash', 'squashing'],
  ['mountinfo::tests::any_bytes_are_survived', 'mountinfo of any bytes'],
]

export const part: SoakPart = {
  name: 'fuzz-native',
  title: 'Fuzzing the native code',
  summary:
    'Properties of the Rust code that decodes what comes from disk and wire, and of its tables: random operations against ' +
    'models, and files and handles of any bytes or damaged ones (proptest).',
  async run(context) {
    const cases = scaled(context, 5000)
    const names = properties.map(([name]) => name)
    const command = [
      'test',
      '--manifest-path',
      manifest,
      '-p',
      'fsva-core',
      '--lib',
      '--',
      '--exact',
      ...names,
    ]
    const child = spawn('cargo', command, {
      env: { ...process.env, PROPTEST_CASES: String(cases) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const [, name] of text.matchAll(/^test (\S+) \.\.\. ok$/gm)) context.progress(name!)
    })
    await once(child, 'close')
    const held = (name: string) => output.includes(`test ${name} ... ok`)
    const failed = properties.filter(([name]) => !held(name))
    return {
      paragraphs: [
        `${cases.toLocaleString('en-US')} random cases for each property, a fifth to a half of that where a case opens files.`,
      ],
      tables: [
        {
          caption: '',
          columns: ['what', 'property', 'held'],
          rows: properties.map(([name, about]) => [
            about,
            name.split('::').at(-1)!,
            held(name) ? 'yes' : 'no',
          ]),
        },
      ],
      failures: failed.length === 0 ? [] : [...failed.map(([name]) => name), output.slice(-4000)],
    }
  },
}
