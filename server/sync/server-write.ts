// What the server itself writes into a record, through the lane like every change.
import type {ServerChange} from '#crdt/change.ts';
import type {Service} from './service.ts';
import type {Receipt, Submission} from './submission.ts';

type About = Pick<Submission, 'tenantId' | 'userId' | 'deviceId' | 'precondition' | 'attaching'>;

/** changeId: names it, so that a repeat is one. Null: a repeat writes again. */
export const writeAsServer = (
  {lanes, now}: Pick<Service, 'lanes' | 'now'>,
  {changeId = null, ...about}: About & {readonly changeId?: string | null},
  change: Omit<ServerChange, 'kind'>,
): Promise<Receipt> =>
  lanes.submit({...about, change: {kind: 'server', ...change}, now: now(), offset: 0, changeId});
