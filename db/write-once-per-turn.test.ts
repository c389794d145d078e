// Messages of one turn leave together, in order; those of the next turn do not wait.
import {Duplex} from 'node:stream';
import {expect, test} from 'vitest';
import {writeOncePerTurn} from './write-once-per-turn.ts';

/** Notes what each system call would have carried. */
function createStream() {
  const calls: string[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      calls.push(chunk.toString());
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({chunk}) => (chunk as Buffer).toString()).join(''));
      done();
    },
  });
  writeOncePerTurn(stream);
  return {stream, calls};
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('what is written in one turn leaves at once and in order, its microtasks included', async () => {
  const {stream, calls} = createStream();
  stream.write('a');
  await Promise.resolve();
  stream.write('b');
  stream.cork();
  stream.write('c');
  stream.uncork();
  expect(calls).toEqual([]);
  await nextTurn();
  expect(calls).toEqual(['abc']);
  stream.write('d');
  await nextTurn();
  expect(calls).toEqual(['abc', 'd']);
});

test('what was written before the end is sent before it', async () => {
  const {stream, calls} = createStream();
  stream.write('a');
  stream.end('b');
  await nextTurn();
  expect(calls.join('')).toBe('ab');
});
