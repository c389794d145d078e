import {expect, test} from 'vitest';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {serverClientIdOf} from './server-client-id.ts';

test('the same number is another client id in another history', () => {
  expect(serverClientIdOf('restored', 7)).not.toBe(serverClientIdOf('given up', 7));
  expect(serverClientIdOf('restored', 8)).toBe(serverClientIdOf('restored', 7) + 1);
});

test('every id lies in the range of the server, and counts exactly', () => {
  for (let history = 0; history < 1_000; history++) {
    const id = serverClientIdOf(String(history), 2 ** 24 - 1);
    expect(id).toBeGreaterThanOrEqual(SERVER_CLIENT_ID_MIN);
    expect(id).toBeLessThan(2 ** 42);
  }
});
