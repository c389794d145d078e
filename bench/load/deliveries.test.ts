import {describe, expect, it} from 'vitest';
import {summarizeDeliveries} from './deliveries.ts';

describe('the summary of deliveries', () => {
  const shape = {devices: 3};
  // Device 1 sends the first edit of record 1 at 100.
  const sent = [Float64Array.of(1, 1, 0, 100)];

  it('takes the time until the last of the others has an edit', () => {
    const received = [Float64Array.of(1, 1, 0, 1, 103), Float64Array.of(1, 1, 0, 1, 107)];
    const summary = summarizeDeliveries({sent, received, resets: []}, shape);
    expect(summary).toMatchObject({edits: 1, lost: 0, spanMs: 7});
    expect([...summary.latencies]).toEqual([7]);
  });

  it('counts an edit as lost that one of the others does not have', () => {
    const received = [Float64Array.of(1, 1, 0, 1, 103)];
    expect(summarizeDeliveries({sent, received, resets: []}, shape).lost).toBe(1);
  });

  it('takes an edit as received by a device that went on from a compacted state', () => {
    const received = [Float64Array.of(1, 1, 0, 1, 103)];
    const reset = {device: 2, document: 1, at: 110, seen: [0, 0, 0]};
    const summary = summarizeDeliveries({sent, received, resets: [reset]}, shape);
    expect(summary).toMatchObject({lost: 0, spanMs: 10});
  });

  it('counts no edit twice that a device had before the compacted state', () => {
    const received = [Float64Array.of(1, 1, 0, 2, 107)];
    const reset = {device: 2, document: 1, at: 110, seen: [0, 1, 0]};
    const summary = summarizeDeliveries({sent, received, resets: [reset]}, shape);
    expect(summary).toMatchObject({lost: 0, spanMs: 7});
  });
});
