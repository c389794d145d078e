// A sample of hostile requests to a real server over real HTTP. FUZZ_REQUESTS and FUZZ_SEED in the environment change how
// many and which.
import {expect, it, onTestFinished} from 'vitest';
import {errorCodes} from '#crdt/protocol/error-code.ts';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {startLive} from '#test/support/live-world.ts';
import {randomFrom} from '#test/support/random.ts';
import {createWorld, type Person} from '#test/support/world.ts';
import {makeRequest, operationsOf, type Caller, type MadeRequest} from './rest-sample.ts';

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 2_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101);
/** Of one caller, who may have thrown out its own device or left its tenant by then. */
const REQUESTS_PER_CALLER = 100;

const codes: ReadonlySet<string> = new Set(Object.keys(errorCodes));

/** What is wrong with an answer; null if nothing is. */
async function faultOf(response: Response): Promise<string | null> {
  const {status} = response;
  const text = await response.text();
  if (status >= 500) return `${status}: ${text}`;
  if (status < 400) return null;
  if (response.headers.get('content-type') !== 'application/problem+json')
    return `${status} is no problem+json`;
  const {code} = JSON.parse(text) as {code?: unknown};
  return typeof code === 'string' && codes.has(code) ? null : `${status} has the code ${String(code)}`;
}

async function callerOf(person: Person & {readonly tenantId: string}): Promise<Caller> {
  const made = await person.push([
    {entity: 'tasks', payload: {title: 'Mend the roof'}},
    {entity: 'clients', payload: {kind: 'person', displayName: 'Ada'}},
  ]);
  const {nextCursor: cursor} = await person.pull();
  const {tenantId, deviceId} = person;
  return {tenantId, deviceId, recordIds: made.flatMap(({entityId}) => entityId ?? []), cursor};
}

it(
  `${REQUESTS} hostile requests to all routes, seed ${SEED}: no fault of the server, every refusal with a known code`,
  async () => {
    const world = await createWorld();
    onTestFinished(() => world.close());
    const {port} = await startLive(world, {
      start: startWsTransport,
      fetch: (request, address) => world.app.fetch(request, address),
    });
    const operations = operationsOf(world.app.describe());
    const random = randomFrom(SEED);
    const statuses = new Map<number, number>();
    const faults: string[] = [];
    let manager = await world.newManager();
    let caller = await callerOf(manager);
    for (let count = 0; count < REQUESTS; count++) {
      if (count % REQUESTS_PER_CALLER === 0) {
        manager = await world.newManager();
        caller = await callerOf(manager);
      }
      const request = makeRequest(random.pick(operations), caller, random);
      const response = await ask(port, manager, request);
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      const fault = await faultOf(response);
      if (fault !== null) faults.push(`${fault}\n${request.method} ${request.target}\n${request.body ?? ''}`);
    }
    console.log(`${REQUESTS} requests, seed ${SEED}: ${JSON.stringify(Object.fromEntries(statuses))}`);
    expect(faults).toEqual([]);
    // Some were honest enough to be done.
    expect((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0)).toBeGreaterThan(REQUESTS / 50);
  },
  300_000 + REQUESTS * 100,
);

const ask = (
  port: number,
  {token, tenantId, deviceId}: Person,
  {method, target, body}: MadeRequest,
): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${target}`, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${token}`,
      'x-tenant-id': tenantId ?? '',
      'x-device-id': deviceId,
      ...(body === null ? {} : {'content-type': 'application/json'}),
    },
    ...(body === null ? {} : {body}),
  });
