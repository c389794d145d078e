// One clock for all processes of a run. The monotonic clock of the operating system counts from the same
// moment in each, so times taken in one process can be compared with times taken in another.

const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds since a moment that is the same for every process of this machine. */
export const clockMs = (): number => performance.now() + offset;
