// Where a thread of the fuzzer is: written by it before each input, read by whoever watches it.

const INPUT_BYTES_MAX = 256 * 1024;

/** Memory that both see. */
export interface SharedPlace {
  readonly numbers: Int32Array;
  readonly bytes: Uint8Array;
}

export interface Place {
  readonly row: number;
  /** -1: the scene is being made. */
  readonly index: number;
  /** Cut at `INPUT_BYTES_MAX`. */
  readonly input: Uint8Array;
}

export interface PlaceAccess {
  readonly note: (place: Place) => void;
  /** Grows with every note. */
  readonly step: () => number;
  /** Only whole while the thread stands still. */
  readonly read: () => Place;
}

export const newSharedPlace = (): SharedPlace => ({
  numbers: new Int32Array(new SharedArrayBuffer(16)),
  bytes: new Uint8Array(new SharedArrayBuffer(INPUT_BYTES_MAX)),
});

export function createPlace({numbers, bytes}: SharedPlace): PlaceAccess {
  return {
    note({row, index, input}) {
      const length = Math.min(input.length, INPUT_BYTES_MAX);
      bytes.set(input.length === length ? input : input.subarray(0, length));
      numbers[1] = row;
      numbers[2] = index;
      numbers[3] = length;
      Atomics.add(numbers, 0, 1);
    },
    step: () => Atomics.load(numbers, 0),
    read: () => ({
      row: numbers[1] ?? 0,
      index: numbers[2] ?? 0,
      input: bytes.slice(0, numbers[3]),
    }),
  };
}
