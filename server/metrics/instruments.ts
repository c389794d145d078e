// Makes instruments on one registry. Counters and gauges whose value lies somewhere already are read when somebody asks.
import {Counter, Gauge, Histogram, type Registry} from 'prom-client';

/** Values by label. */
export type Labelled<Label extends string> = Iterable<readonly [Readonly<Record<Label, string>>, number]>;

interface Read<Label extends string> {
  readonly labelNames: Label[];
  readonly read: () => Labelled<Label>;
}

export interface Instruments {
  readonly counter: <Label extends string = never>(
    name: string,
    help: string,
    ...labelNames: Label[]
  ) => Counter<Label>;
  readonly histogram: <Label extends string = never>(
    name: string,
    help: string,
    options: {buckets: number[]; labelNames?: Label[]},
  ) => Histogram<Label>;
  readonly readGauge: (name: string, help: string, read: () => number) => void;
  readonly readGauges: <Label extends string>(name: string, help: string, options: Read<Label>) => void;
  readonly readCounters: <Label extends string>(name: string, help: string, options: Read<Label>) => void;
}

/** Seconds from half a millisecond to half a minute. */
export const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30];

export function createInstruments(registry: Registry): Instruments {
  const registers = [registry];
  return {
    counter: (name, help, ...labelNames) => new Counter({name, help, labelNames, registers}),
    histogram: (name, help, {buckets, labelNames = []}) =>
      new Histogram({name, help, buckets, labelNames, registers}),
    readGauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    readGauges(name, help, {labelNames, read}) {
      new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of read()) this.set(labels, value);
        },
      });
    },
    readCounters(name, help, {labelNames, read}) {
      new Counter({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of read()) this.inc(labels, value);
        },
      });
    },
  };
}
