// What the devices of the kill test wrote, and what they were told of it. Every write sets the title of one record
// and adds a token of its own to the record's notes, so that one that is lost or applied twice can be seen.
export type DeviceKind = 'json' | 'yjs' | 'live';

export interface KillWrite {
  /** `device.number`: the title it writes; in the notes in brackets. */
  readonly name: string;
  readonly kind: DeviceKind;
  readonly deviceId: string;
  readonly record: string;
  /** Nobody else writes to this record. */
  readonly isOwn: boolean;
  readonly number: number;
  acked: boolean;
  /** As acknowledged; null where nothing had to be logged, or the write was found in a state. */
  seq: number | null;
  conflicts: readonly string[];
  /** Of Yjs writes: the document has all of the client's items below the clock. */
  item: {readonly generation: number; readonly client: number; readonly clock: number} | null;
}

export const tokenOf = ({name}: Pick<KillWrite, 'name'>): string => `[${name}]`;

/** From the test to the load. */
export type LoadCommand =
  /** Each request or connection takes one of them; none: all are down. */
  | {readonly kind: 'servers'; readonly urls: readonly string[]}
  /** Finish what is under way and begin nothing. */
  | {readonly kind: 'pause'}
  | {readonly kind: 'resume'}
  | {readonly kind: 'report'};

/** From the load to the test. */
export type LoadAnswer =
  | {readonly kind: 'paused'}
  | {
      readonly kind: 'report';
      readonly writes: readonly KillWrite[];
      readonly resent: number;
      /** Milliseconds from a device's first failure to send something to its acknowledgement, each time. */
      readonly interruptionsMs: readonly number[];
    }
  | {readonly kind: 'failed'; readonly message: string};

/** Given to the load process as one argument. */
export interface LoadTask {
  readonly token: string;
  readonly tenantId: string;
  readonly shared: readonly string[];
  readonly devices: Readonly<Record<DeviceKind, number>>;
}
