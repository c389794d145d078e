// The server writes into documents too. A process takes the next number and writes under SERVER_CLIENT_ID_MIN plus
// that number, which no device may claim; a number is never used by two processes.
import {pgSequence} from 'drizzle-orm/pg-core';

export const serverReplicaIds = pgSequence('server_replica_ids', {startWith: 1});
