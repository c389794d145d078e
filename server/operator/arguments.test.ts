// Command lines of `fieldmerge`, right and wrong.
import {describe, expect, test} from 'vitest';
import {readArguments} from './arguments.ts';
import {commands, helpText, type CommandName} from './commands.ts';

const TENANT = '0196f0c0-0000-7000-8000-000000000001';

test.each<[string, object]>([
  ['status', {name: 'status', subject: '', values: {}, isYes: false, isJson: false}],
  ['status --json', {name: 'status', isJson: true}],
  [`resync ${TENANT} --device ${TENANT} --yes`, {subject: TENANT, values: {device: TENANT}, isYes: true}],
  [`requeue --state unknown ${TENANT}`, {subject: TENANT, values: {state: 'unknown'}}],
  ['erase-person ana@example.com --yes', {subject: 'ana@example.com', isYes: true}],
])('%s is read', (line, expected) => {
  expect(readArguments(line.split(' '))).toMatchObject({kind: 'command', asked: expected});
});

test.each<[string, RegExp]>([
  ['stauts', /no command stauts/],
  ['devices', /needs TENANT/],
  ['devices Example', /must be an id/],
  [`devices ${TENANT} more`, /does not know what to do with more/],
  [`devices ${TENANT} --yes`, /Unknown option '--yes'.*devices --help/],
  [`resync ${TENANT} --device`, /--device.*argument missing/],
  [`resync ${TENANT} --device phone`, /--device must be an id/],
  [`resync ${TENANT} --yes=no`, /--yes.*does not take an argument/],
])('%s is refused with a sentence', (line, sentence) => {
  const read = readArguments(line.split(' '));
  expect(read.kind === 'wrong' ? read.message : read.kind).toMatch(sentence);
});

describe('help', () => {
  test('is what nothing, help, and --help of a command ask for', () => {
    expect(readArguments([])).toEqual({kind: 'help', name: undefined});
    expect(readArguments(['--help'])).toEqual({kind: 'help', name: undefined});
    expect(readArguments(['help', 'verify'])).toEqual({kind: 'help', name: 'verify'});
    expect(readArguments(['resync', '--help'])).toEqual({kind: 'help', name: 'resync'});
  });

  test('lists every command, and of each its options', () => {
    for (const name of Object.keys(commands) as CommandName[]) {
      expect(helpText()).toContain(`\n  ${name}`);
      for (const option of Object.keys(commands[name].options))
        expect(helpText(name)).toContain(`--${option}`);
    }
  });
});
